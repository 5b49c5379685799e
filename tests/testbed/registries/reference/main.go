// reference answers how distribution reads image references, so that our reading of
// the grammar is compared with the code that the kubelet and container runtimes use.
//
// stdin:  a JSON string a line, one reference each; all of them are read before the first is answered
// stdout: {"host": "docker.io", "path": "library/nginx", "tag": "1", "digest": ""} for each,
// as they are, without a default tag, or {"error": "…"}.
package main

import (
	"bufio"
	// The algorithms of digests that the kubelet knows (pkg/util/parsers).
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/distribution/reference"
)

type answer struct {
	Host   string `json:"host"`
	Path   string `json:"path"`
	Tag    string `json:"tag"`
	Digest string `json:"digest"`
	Error  string `json:"error,omitempty"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

func run() error {
	texts, err := asked()
	if err != nil {
		return fmt.Errorf("stdin: %w", err)
	}
	out := bufio.NewWriter(os.Stdout)
	given := json.NewEncoder(out)
	for _, text := range texts {
		if err := given.Encode(read(text)); err != nil {
			return err
		}
	}
	return out.Flush()
}

func asked() ([]string, error) {
	var texts []string
	lines := json.NewDecoder(os.Stdin)
	for {
		var text string
		if err := lines.Decode(&text); errors.Is(err, io.EOF) {
			return texts, nil
		} else if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
}

func read(text string) answer {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return answer{Error: err.Error()}
	}
	read := answer{Host: reference.Domain(named), Path: reference.Path(named)}
	if tagged, ok := named.(reference.Tagged); ok {
		read.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		read.Digest = digested.Digest().String()
	}
	return read
}

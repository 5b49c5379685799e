//go:build linux

package main

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
)

// ownImage is pullkeeper:0.1.0 as containerd writes it, the name that is in the manifests.
const ownImage = "docker.io/library/pullkeeper:0.1.0"

// ownArchive is the image that is given, under its name here, or one that is made of the program.
func ownArchive(o options) ([]byte, error) {
	if o.image != "" {
		return named(o.image, ownImage)
	}
	layer, err := programLayer(o.program)
	if err != nil {
		return nil, err
	}
	return archive(ownImage, layer, imageConfig{Entrypoint: []string{"/pullkeeper"}, User: "65532:65532"})
}

// named is an image layout whose one image has that name, whatever it was called.
func named(path, name string) ([]byte, error) {
	input, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer input.Close()
	var files []file
	for reader := tar.NewReader(input); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return tarOf(files...)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		content, err := io.ReadAll(reader)
		if header.Name == "index.json" && err == nil {
			content, err = renamed(content, name)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, header.Name, err)
		}
		files = append(files, file{header.Name, 0o644, content})
	}
}

func renamed(index []byte, name string) ([]byte, error) {
	var content map[string]any
	if err := json.Unmarshal(index, &content); err != nil {
		return nil, err
	}
	manifests, _ := content["manifests"].([]any)
	if len(manifests) != 1 {
		return nil, fmt.Errorf("%d images, expected one", len(manifests))
	}
	manifest, _ := manifests[0].(map[string]any)
	manifest["annotations"] = map[string]string{nameAnnotation: name}
	return json.Marshal(content)
}

// certificates is where the Dockerfile takes those from that are trusted, and puts them.
const certificates = "/etc/ssl/certs/ca-certificates.crt"

// library is a line of ldd: what a program is linked to, the loader too.
var library = regexp.MustCompile(`(/\S+) \(0x`)

// programLayer has a program as the Dockerfile puts it there. That one is static; this one need not be.
func programLayer(path string) ([]byte, error) {
	sources := map[string]string{"pullkeeper": path, certificates[1:]: certificates}
	// It fails for static programs.
	linked, _ := exec.Command("ldd", path).Output()
	for _, found := range library.FindAllSubmatch(linked, -1) {
		sources[string(found[1][1:])] = string(found[1])
	}
	var files []file
	for name, source := range sources {
		content, err := os.ReadFile(source)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name, 0o755, content})
	}
	return tarOf(files...)
}

//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
)

// nameAnnotation is where containerd looks for an image's name first.
const nameAnnotation = "io.containerd.image.name"

// appLayer is an image's layer whose one file is the app.
func appLayer(path string) ([]byte, error) {
	app, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return tarOf(file{"app", 0o755, app})
}

// imageConfig is what a container of an image runs, and as whom.
type imageConfig struct {
	Entrypoint []string
	User       string `json:",omitempty"`
}

// archive is an OCI image layout in a tar, which containerd imports under that name:
// https://github.com/opencontainers/image-spec/blob/main/image-layout.md
func archive(name string, layer []byte, run imageConfig) ([]byte, error) {
	var files []file
	var failed error
	blob := func(kind string, content any) map[string]any {
		bytes, ok := content.([]byte)
		if !ok {
			var err error
			if bytes, err = json.Marshal(content); err != nil {
				failed = err
			}
		}
		sum := fmt.Sprintf("%x", sha256.Sum256(bytes))
		files = append(files, file{"blobs/sha256/" + sum, 0o644, bytes})
		return map[string]any{
			"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + sum, "size": len(bytes),
		}
	}
	content := blob("layer.v1.tar", layer)
	config := blob("config.v1+json", map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": run,
		"rootfs": map[string]any{"type": "layers", "diff_ids": []any{content["digest"]}},
	})
	manifest := blob("manifest.v1+json", map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": config, "layers": []any{content},
	})
	manifest["annotations"] = map[string]string{nameAnnotation: name}
	index, err := json.Marshal(map[string]any{"schemaVersion": 2, "manifests": []any{manifest}})
	if err := errors.Join(err, failed); err != nil {
		return nil, err
	}
	layout := file{"oci-layout", 0o644, []byte(`{"imageLayoutVersion": "1.0.0"}`)}
	return tarOf(append([]file{layout, {"index.json", 0o644, index}}, files...)...)
}

type file struct {
	name    string
	mode    int64
	content []byte
}

func tarOf(files ...file) ([]byte, error) {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, file := range files {
		header := &tar.Header{Name: file.name, Mode: file.mode, Size: int64(len(file.content)), Typeflag: tar.TypeReg}
		if err := writer.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := writer.Write(file.content); err != nil {
			return nil, err
		}
	}
	err := writer.Close()
	return buffer.Bytes(), err
}

//go:build servers

// Package testbed names the servers built from this module, so that
// `go mod tidy` keeps what they need. Nothing is ever built from this file.
package testbed

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
)

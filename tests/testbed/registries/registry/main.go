// registry is the distribution project's registry, as its own main is, with the
// storage and the authentication that the tests want, and with one command more:
// `registry testbed` writes a configuration of its own and serves that for as long
// as its stdin stays open (see testbed.go).
package main

import (
	"os"

	"github.com/distribution/distribution/v3/registry"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	_ "github.com/distribution/distribution/v3/registry/auth/token"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
)

func main() {
	registry.RootCmd.AddCommand(testbedCommand())
	if registry.RootCmd.Execute() != nil {
		os.Exit(1)
	}
}

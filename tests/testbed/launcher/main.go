// launcher runs a throw-away control plane, one etcd and one kube-apiserver on
// free ports of 127.0.0.1, for as long as its stdin stays open. Whoever started
// it holds the other end of that pipe, so that no server outlives a test run,
// not even one that was killed.
//
// When the API server is ready, one line of JSON on stdout says where it is.
// From then on a line on stdin is a command, and a line of JSON its answer:
//
//	stop     kill the API server; etcd keeps the cluster
//	start    start it again, on the same port, and wait until it is ready
//	restart  both
//	settle   wait until the audit log holds every request answered so far
//
// When stdin closes, or on SIGTERM, it kills its children and removes DIR.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
)

// The kernel kills our children when the *thread* that started them ends, so
// only the main goroutine starts them, and it never leaves the main thread.
func init() { runtime.LockOSThread() }

func main() {
	options, err := parse()
	if err == nil {
		err = run(options)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "launcher:", err)
		os.Exit(1)
	}
}

type options struct {
	etcd, apiserver, dir string
	audit                bool
	flags                []string // more flags of the API server
}

func parse() (options, error) {
	var o options
	flag.StringVar(&o.etcd, "etcd", "", "the etcd binary")
	flag.StringVar(&o.apiserver, "apiserver", "", "the kube-apiserver binary")
	flag.StringVar(&o.dir, "dir", "", "directory to make for all files, and to remove at the end")
	flag.BoolVar(&o.audit, "audit", false, "write an audit log")
	flag.Parse()
	o.flags = flag.Args()
	for name, path := range map[string]*string{"etcd": &o.etcd, "apiserver": &o.apiserver, "dir": &o.dir} {
		if *path == "" {
			return o, fmt.Errorf("--%s is missing", name)
		}
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return o, err
		}
		*path = absolute
	}
	return o, nil
}

func run(o options) error {
	// Ours alone: what stands in a directory that we did not make is not ours to remove.
	if err := os.Mkdir(o.dir, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(o.dir)

	ctx, commands := listen()
	plane, err := launch(ctx, o)
	var taken *portTakenError
	if errors.As(err, &taken) {
		plane, err = launch(ctx, o)
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer plane.stop()
	answer(plane.ready())

	for {
		select {
		case <-ctx.Done():
			return nil
		case command := <-commands:
			if err := plane.obey(ctx, command); err != nil {
				answer(map[string]string{"error": err.Error()})
			} else {
				answer(map[string]bool{"done": true})
			}
		case <-plane.etcd.exited:
			return plane.etcd.failure("exited")
		case <-plane.apiserverExited():
			return plane.apiserver.failure("exited")
		}
	}
}

// listen gives the lines of stdin, and a context that ends with stdin or on SIGTERM.
func listen() (context.Context, <-chan string) {
	// Ctrl-C at the terminal is for the test run: it ends, its end of our stdin
	// closes, and then we go. Caught rather than ignored: children would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)

	commands := make(chan string, 16)
	go func() {
		defer cancel()
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			commands <- lines.Text()
		}
	}()
	return ctx, commands
}

func answer(value any) {
	// A failed write means that the reader is gone; then stdin closes as well.
	_ = json.NewEncoder(os.Stdout).Encode(value)
}

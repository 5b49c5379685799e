//go:build linux

// launcher runs a throw-away node, a containerd and a kubelet, and what gives it
// work, kube-controller-manager and kube-scheduler, beside an API server that runs
// already. It needs root, and containerd, ctr and runc in PATH.
//
// All of it lives in a PID namespace and a mount namespace of its own (see inside.go).
// When the namespace's first process ends, the kernel kills every other, containers
// and their shims too, and drops their mounts: so nothing outlives a test run, not
// even one that was killed. That first process ends when its stdin closes, and whoever
// started us holds the other end.
//
// Its pods have addresses of their own; so it belongs into a network of its own (see
// ../network/main.go), which has the node's address.
//
// When containerd answers and the kubelet starts, one line of JSON on stdout says
// where an image's layer is that holds the app, for the tests' own images, and where
// containerd looks up registries that it is to find elsewhere than by their names.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// The kernel kills our child when the *thread* that started it ends, so only the
// main goroutine starts it, and it never leaves the main thread.
func init() { runtime.LockOSThread() }

// insideEnv tells the first process of the namespaces what it is.
const insideEnv = "PULLKEEPER_TESTBED_INSIDE"

func main() {
	o, err := parse()
	switch {
	case err != nil:
	case os.Getenv(insideEnv) != "":
		err = runInside(o)
	default:
		err = runOutside(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "node:", err)
		os.Exit(1)
	}
}

type options struct {
	dir        string // for all files
	programs   string // directory of kubelet, kube-controller-manager, kube-scheduler and the network's plugins
	app        string // what the images run
	image      string // an archive of the image pullkeeper:0.1.0; or else
	program    string // what is to be such an image, with the libraries that it is linked to
	address    string // of the node
	nodeConfig string // kubeconfig of the kubelet
	config     string // kubeconfig of the other two
	key        string // signs the tokens of ServiceAccounts
	ca         string // vouches for the API server, given to pods
}

func parse() (options, error) {
	var o options
	paths := map[string]*string{
		"dir": &o.dir, "programs": &o.programs, "app": &o.app, "node-kubeconfig": &o.nodeConfig,
		"kubeconfig": &o.config, "service-account-key": &o.key, "ca": &o.ca,
	}
	for name, path := range paths {
		flag.StringVar(path, name, "", "see options")
	}
	for name, path := range map[string]*string{"image": &o.image, "program": &o.program} {
		flag.Func(name, "see options", func(given string) (err error) {
			*path, err = filepath.Abs(given)
			return err
		})
	}
	flag.StringVar(&o.address, "address", "", "see options")
	flag.Parse()
	if o.address == "" {
		return o, errors.New("--address is missing")
	}
	for name, path := range paths {
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

// runOutside starts the namespaces' first process, waits for its end and cleans up after it.
func runOutside(o options) error {
	for _, hidden := range hidden {
		if strings.HasPrefix(o.dir, hidden+"/") {
			return fmt.Errorf("%s can't be used: the node hides what is in %s; set TMPDIR to another directory", o.dir, hidden)
		}
	}
	// Ours alone: what stands in a directory that we did not make is not ours to remove.
	if err := os.Mkdir(o.dir, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(o.dir)
	defer removeCgroups(o)

	// Ctrl-C at the terminal is for the test run: it ends, its end of stdin closes, and then we go.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)

	inside := exec.Command("/proc/self/exe", os.Args[1:]...)
	inside.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + o.dir, "TMPDIR=" + o.dir, insideEnv + "=1"}
	inside.Dir = o.dir
	inside.Stdin, inside.Stdout, inside.Stderr = os.Stdin, os.Stdout, os.Stderr
	inside.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS,
		Pdeathsig:  syscall.SIGKILL,
		Setpgid:    true,
	}
	if err := inside.Start(); err != nil {
		return fmt.Errorf("cannot make namespaces for a node, which takes root with all its capabilities: %w", err)
	}
	go func() {
		<-terminate
		_ = inside.Process.Kill()
	}()
	// Returns when the kernel has killed all of them.
	return inside.Wait()
}

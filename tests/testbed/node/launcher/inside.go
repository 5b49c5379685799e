//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// socket is on the tmpfs that isolate mounts.
const socket = "/run/containerd/containerd.sock"

// runInside is the first process of the namespaces. What it starts ends with it.
func runInside(o options) error {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	if err := errors.Join(isolate(o), prepare(o)); err != nil {
		return err
	}
	running := map[int]string{}
	start := func(name, path string, args ...string) error {
		process, err := launch(o, name, path, args...)
		if err == nil {
			running[process.Pid] = name
		}
		return err
	}

	containerd, err := exec.LookPath("containerd")
	if err != nil {
		return err
	}
	if err := start("containerd", containerd, "--config", o.file("containerd.toml")); err != nil {
		return err
	}
	if err := awaitContainerd(o); err != nil {
		return err
	}
	for _, name := range []string{"pause.tar", "pullkeeper.tar"} {
		if err := importImage(o, name); err != nil {
			return err
		}
	}
	for name, args := range map[string][]string{
		"kubelet":                 kubeletFlags(o),
		"kube-controller-manager": controllerManagerFlags(o),
		"kube-scheduler":          schedulerFlags(o),
	} {
		if err := start(name, filepath.Join(o.programs, name), args...); err != nil {
			return err
		}
	}
	_ = json.NewEncoder(os.Stdout).Encode(map[string]string{
		"layer": o.file("layer.tar"), "registries": o.file("registries"),
	})
	return reap(o, running)
}

// tunables are the kernel parameters that a kubelet sets, as it wants them; so it finds them.
var tunables = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// hidden are the directories where something is written at paths that can't be chosen: the sockets
// of containerd and its shims, the logs of containers, the kubelet's device plugins.
var hidden = []string{"/run", "/var/log", "/var/lib"}

// isolate mounts what keeps the node's traces from the machine.
func isolate(o options) error {
	mount := func(source, target, kind string, flags uintptr) error {
		if err := syscall.Mount(source, target, kind, flags, ""); err != nil {
			return fmt.Errorf("cannot mount %s: %w", target, err)
		}
		return nil
	}
	err := errors.Join(
		mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE),
		mount("proc", "/proc", "proc", 0),
	)
	for _, hidden := range hidden {
		err = errors.Join(err, mount("tmpfs", hidden, "tmpfs", 0))
	}
	for name, value := range tunables {
		file := o.file(strings.ReplaceAll(name, "/", "."))
		err = errors.Join(err,
			os.WriteFile(file, []byte(value), 0o600),
			mount(file, "/proc/sys/"+name, "", syscall.MS_BIND))
	}
	return err
}

func launch(o options, name, path string, args ...string) (*os.Process, error) {
	log, err := os.OpenFile(o.file(name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	process, err := os.StartProcess(path, append([]string{name}, args...), &os.ProcAttr{
		Dir: o.dir,
		// No proxy: all of it talks to this machine alone.
		Env:   []string{"PATH=" + os.Getenv("PATH"), "HOME=" + o.dir, "TMPDIR=" + o.dir},
		Files: []*os.File{null, log, log},
	})
	if err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", name, err)
	}
	return process, nil
}

func awaitContainerd(o options) error {
	for range 600 {
		if connection, err := net.Dial("unix", socket); err == nil {
			return connection.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	return failure(o, "containerd", "does not answer")
}

func importImage(o options, name string) error {
	output, err := exec.Command("ctr", "--address", socket, "--namespace", "k8s.io", "images", "import", o.file(name)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("cannot import %s: %w: %s", name, err, output)
	}
	return nil
}

// reap waits for whatever ends, orphans too, as the first process must; it returns when one of ours ended.
func reap(o options, running map[int]string) error {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		if name, ok := running[pid]; ok {
			return failure(o, name, fmt.Sprintf("ended (status %d, signal %d)", status.ExitStatus(), status.Signal()))
		}
	}
}

// failure quotes the end of a log, which is about to be removed.
func failure(o options, name, what string) error {
	content, _ := os.ReadFile(o.file(name + ".log"))
	if cut := len(content) - 4096; cut > 0 {
		_, content, _ = bytes.Cut(content[cut:], []byte("\n"))
	}
	return fmt.Errorf("%s %s; the end of its log:\n%s", name, what, content)
}

func (o options) file(name string) string { return filepath.Join(o.dir, name) }

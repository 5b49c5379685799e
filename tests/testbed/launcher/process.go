package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const readyWithin = 90 * time.Second

// process is a server that we started; its output goes to a log file.
type process struct {
	name, log string
	cmd       *exec.Cmd
	exited    chan struct{} // closed once it ended and was waited for
}

// portTakenError says that a server did not get a port that was free a moment ago.
type portTakenError struct{ error }

func start(name, path, dir string, args ...string) (*process, error) {
	p := &process{name: name, log: filepath.Join(dir, name+".log"), exited: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.Command(path, args...)
	p.cmd.Dir = dir
	p.cmd.Stdout, p.cmd.Stderr = log, log
	// etcd takes settings from ETCD_*, and Go programs proxies from *_PROXY: neither is for these.
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir}
	p.cmd.SysProcAttr = detached()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in cmd.ProcessState
		close(p.exited)
	}()
	return p, nil
}

// await polls until ready says yes, the process ends or the time is up.
func (p *process) await(ctx context.Context, ready func() bool) error {
	deadline := time.After(readyWithin)
	for {
		if ready() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.exited:
			return p.failure("exited")
		case <-deadline:
			return p.failure("was not ready within " + readyWithin.String())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill() // fails only if it has ended
	<-p.exited
}

// failure tells what happened and quotes the end of the log, which is about to be removed.
func (p *process) failure(what string) error {
	how := ""
	select {
	case <-p.exited:
		how = " (" + p.cmd.ProcessState.String() + ")"
	default:
	}
	end := tail(p.log, 4096)
	err := fmt.Errorf("%s %s%s; the end of its log:\n%s", p.name, what, how, end)
	if bytes.Contains(end, []byte("address already in use")) {
		return &portTakenError{err}
	}
	return err
}

// tail is the last whole lines of a file, and nothing if it can't be read.
func tail(path string, size int64) []byte {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil
	}
	start := max(0, info.Size()-size)
	content, _ := io.ReadAll(io.NewSectionReader(file, start, info.Size()-start))
	if start > 0 {
		_, content, _ = bytes.Cut(content, []byte("\n"))
	}
	return content
}

//go:build unix && !linux

package main

import "syscall"

// detached keeps the terminal's signals from a child. Only Linux can also tie
// its life to ours: elsewhere, kill -9 of the launcher leaves the servers running.
func detached() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

package main

import "syscall"

// detached keeps the terminal's signals from a child, and lets the kernel kill
// it if we are killed ourselves. That follows the thread that started it: see init.
func detached() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

//go:build linux

// network runs a program in a network of its own: `network ADDRESS,ADDRESS PROGRAM ARGUMENT…`.
// There is nothing in it but a loopback device that is up and has these addresses too, so
// that pods, which have a loopback device of their own, can talk to what listens there.
// Nothing of it reaches the machine, and all of it ends with the program.
//
// It becomes that program, which keeps the process id and the terminal.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
)

// A network is a thread's: the one that makes it has to become the program.
func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: network ADDRESS,ADDRESS PROGRAM ARGUMENT…")
		os.Exit(2)
	}
	err := enter(strings.Split(os.Args[1], ","))
	if err == nil {
		err = syscall.Exec(os.Args[2], os.Args[2:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, "network:", err)
	os.Exit(1)
}

func enter(addresses []string) error {
	if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
		return fmt.Errorf("cannot make a network, which takes root with all its capabilities: %w", err)
	}
	loopback, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	err = netlink.LinkSetUp(loopback)
	for _, address := range addresses {
		parsed, wrong := netlink.ParseAddr(address + "/32")
		if wrong != nil {
			return wrong
		}
		err = errors.Join(err, netlink.AddrAdd(loopback, parsed))
	}
	return errors.Join(err, pairs())
}

// pairs tries what each pod's network takes: without it every pod would wait for ever.
func pairs() error {
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "pair-a"}, PeerName: "pair-b"}
	if err := netlink.LinkAdd(pair); err != nil {
		return fmt.Errorf("cannot make a pair of network devices, which takes a kernel with veth: %w", err)
	}
	return netlink.LinkDel(pair)
}

//go:build linux

package main

import (
	"os"
	"path/filepath"
)

// removeCgroups removes those of containers that were killed with the node: nobody
// was left to do it. They are at k8s.io/ID, which is containerd's way where the
// kubelet names no parent, in each hierarchy. A cgroup with a process is not removed.
func removeCgroups(o options) {
	known, _ := filepath.Glob(filepath.Join(containerdRoot(o), "io.containerd.grpc.v1.cri", "*", "*"))
	groups, _ := filepath.Glob("/sys/fs/cgroup/k8s.io")
	hierarchies, _ := filepath.Glob("/sys/fs/cgroup/*/k8s.io")
	for _, group := range append(groups, hierarchies...) {
		for _, path := range known {
			removeTree(filepath.Join(group, filepath.Base(path)))
		}
		_ = os.Remove(group) // unless somebody else's are there
	}
}

// removeTree removes a cgroup after those below it: their files can't be removed.
func removeTree(group string) {
	entries, _ := os.ReadDir(group)
	for _, entry := range entries {
		if entry.IsDir() {
			removeTree(filepath.Join(group, entry.Name()))
		}
	}
	_ = os.Remove(group)
}

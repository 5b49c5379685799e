//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

const pauseImage = "localhost/pause:1"

// The pods of this node use the machine's own network, so no plugin of this file is
// ever run; containerd only wants to see one.
const network = `{"cniVersion": "0.4.0", "name": "none", "plugins": [{"type": "none"}]}`

const containerdConfig = `version = 2
root = %q
state = "/run/containerd"
[grpc]
  address = %q
[plugins."io.containerd.internal.v1.opt"]
  path = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    conf_dir = %q
  [plugins."io.containerd.grpc.v1.cri".containerd]
    # Works on whatever the directory is on, a container's overlay too.
    snapshotter = "native"
`

// prepare makes all files that the programs read.
func prepare(o options) error {
	layer, err := appLayer(o.app)
	if err != nil {
		return err
	}
	pause, err := archive(pauseImage, layer)
	if err != nil {
		return err
	}
	kubelet, err := json.Marshal(kubeletConfig(o))
	if err != nil {
		return err
	}
	networks := o.file("networks")
	return errors.Join(
		os.Mkdir(networks, 0o700),
		os.WriteFile(filepath.Join(networks, "none.conflist"), []byte(network), 0o600),
		os.WriteFile(o.file("containerd.toml"),
			fmt.Appendf(nil, containerdConfig, containerdRoot(o), socket, o.file("opt"), pauseImage, networks), 0o600),
		os.WriteFile(o.file("kubelet.json"), kubelet, 0o600),
		os.WriteFile(o.file("layer.tar"), layer, 0o600),
		os.WriteFile(o.file("pause.tar"), pause, 0o600),
	)
}

func containerdRoot(o options) string { return o.file("containerd") }

// kubeletConfig works with cgroups of either version, and takes no part of the machine for itself.
func kubeletConfig(o options) any {
	return map[string]any{
		"apiVersion":               "kubelet.config.k8s.io/v1beta1",
		"kind":                     "KubeletConfiguration",
		"containerRuntimeEndpoint": "unix://" + socket,
		"enableServer":             false,
		"healthzPort":              0,
		"volumePluginDir":          o.file("volume-plugins"),
		"resolvConf":               "",
		// Scenarios run side by side: no pull may wait for another, nor be refused because of it.
		"serializeImagePulls": false,
		"registryPullQPS":     0,
		// What makes it work wherever there is a root.
		"failCgroupV1":                  false,
		"cgroupDriver":                  "cgroupfs",
		"cgroupsPerQOS":                 false,
		"enforceNodeAllocatable":        []string{},
		"failSwapOn":                    false,
		"localStorageCapacityIsolation": false,
		// What keeps it from this machine's tables, and from cleaning up when its disk is full.
		"makeIPTablesUtilChains":      false,
		"evictionHard":                map[string]string{},
		"imageGCHighThresholdPercent": 100,
	}
}

func kubeletFlags(o options) []string {
	flags := []string{
		"--config=" + o.file("kubelet.json"),
		"--kubeconfig=" + o.nodeConfig,
		"--root-dir=" + o.file("kubelet"),
		"--cert-dir=" + o.file("pki"),
		"--hostname-override=node-1",
	}
	if address := ownAddress(); address != "" {
		flags = append(flags, "--node-ip="+address)
	}
	return flags
}

func controllerManagerFlags(o options) []string {
	return append(schedulerFlags(o),
		"--service-account-private-key-file="+o.key,
		"--root-ca-file="+o.ca,
		"--flex-volume-plugin-dir="+o.file("volume-plugins"),
		"--use-service-account-credentials")
}

func schedulerFlags(o options) []string {
	return []string{
		"--kubeconfig=" + o.config,
		"--leader-elect=false",
		"--secure-port=0", // serves nothing
	}
}

// ownAddress is one that the kubelet takes for its node without asking DNS or the routes for it.
func ownAddress() string {
	addresses, _ := net.InterfaceAddrs()
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.IsGlobalUnicast() && network.IP.To4() != nil {
			return network.IP.String()
		}
	}
	return ""
}

//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const pauseImage = "localhost/pause:1"

// Each pod has a pair of devices of its own, and reaches the node's addresses through it. Nothing is masked.
const network = `{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "ptp", "ipam": {
  "type": "host-local", "ranges": [[{"subnet": "10.2.0.0/16"}]], "routes": [{"dst": "0.0.0.0/0"}]
}}]}`

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
    bin_dir = %q
    conf_dir = %q
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = %q
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
	pause, err := archive(pauseImage, layer, imageConfig{Entrypoint: []string{"/app"}})
	if err != nil {
		return err
	}
	own, err := ownArchive(o)
	if err != nil {
		return err
	}
	kubelet, err := json.Marshal(kubeletConfig(o))
	if err != nil {
		return err
	}
	networks, registries := o.file("networks"), o.file("registries")
	containerd := fmt.Appendf(nil, containerdConfig,
		containerdRoot(o), socket, o.file("opt"), pauseImage, o.programs, networks, registries)
	return errors.Join(
		os.Mkdir(networks, 0o700),
		os.Mkdir(registries, 0o700),
		os.WriteFile(filepath.Join(networks, "pods.conflist"), []byte(network), 0o600),
		os.WriteFile(o.file("containerd.toml"), containerd, 0o600),
		os.WriteFile(o.file("kubelet.json"), kubelet, 0o600),
		os.WriteFile(o.file("layer.tar"), layer, 0o600),
		os.WriteFile(o.file("pause.tar"), pause, 0o600),
		os.WriteFile(o.file("pullkeeper.tar"), own, 0o600),
	)
}

func containerdRoot(o options) string { return o.file("containerd") }

// kubeletConfig works with cgroups of either version, and takes no part of the machine for itself.
func kubeletConfig(o options) any {
	return map[string]any{
		"apiVersion":               "kubelet.config.k8s.io/v1beta1",
		"kind":                     "KubeletConfiguration",
		"containerRuntimeEndpoint": "unix://" + socket,
		"healthzPort":              0,
		"volumePluginDir":          o.file("volume-plugins"),
		"resolvConf":               "",
		// For `kubectl logs`, asked for by an API server that is as unknown to it as everybody else in this network.
		"address":        o.address,
		"authentication": map[string]any{"anonymous": map[string]any{"enabled": true}, "webhook": map[string]any{"enabled": false}},
		"authorization":  map[string]any{"mode": "AlwaysAllow"},
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
	return []string{
		"--config=" + o.file("kubelet.json"),
		"--kubeconfig=" + o.nodeConfig,
		"--root-dir=" + o.file("kubelet"),
		"--cert-dir=" + o.file("pki"),
		"--hostname-override=node-1",
		"--node-ip=" + o.address,
	}
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

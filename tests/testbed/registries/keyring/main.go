// keyring answers what the kubelet would try: it builds the kubelet's own keyring
// of some Secrets and looks images up in it, so that our idea of which key matches
// which image is compared with the code that decides it on every node.
//
// stdin:  {"secrets": [Secrets as the API server gives them], "images": ["host/app:1"]}
// stdout: {"images": [{"image": "host/app:1", "found": true, "auths": [{"username": "u", "password": "p"}]}]},
// or {"images": [], "error": "…"} where the kubelet would fail every pull of the pod.
//
// Only for test passwords: it prints them.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	v1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"
	"k8s.io/kubernetes/pkg/util/parsers"
)

type question struct {
	Secrets []v1.Secret `json:"secrets"`
	Images  []string    `json:"images"`
}

type answer struct {
	Images []found `json:"images"`
	Error  string  `json:"error,omitempty"`
}

type found struct {
	Image string `json:"image"`
	Found bool   `json:"found"`
	Auths []auth `json:"auths"`
}

type auth struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "keyring:", err)
		os.Exit(1)
	}
}

func run() error {
	var asked question
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return fmt.Errorf("stdin: %w", err)
	}
	given, err := look(asked)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(given)
}

// look does what the kubelet does before it pulls: EnsureImageExists in pkg/kubelet/images/image_manager.go.
func look(asked question) (answer, error) {
	given := answer{Images: []found{}}
	// Empty where the kubelet has the node's own credentials: those are not what is tested.
	keyring, err := secrets.MakeDockerKeyring(asked.Secrets, &credentialprovider.BasicDockerKeyring{})
	if err != nil {
		given.Error = err.Error()
		return given, nil
	}
	for _, image := range asked.Images {
		// The keyring is asked for the repository with its host, without tag and digest.
		repository, _, _, err := parsers.ParseImageName(image)
		if err != nil {
			return given, err
		}
		tried, ok := keyring.Lookup(repository)
		one := found{Image: image, Found: ok, Auths: []auth{}}
		for _, login := range tried {
			one.Auths = append(one.Auths, auth{login.Username, login.Password})
		}
		given.Images = append(given.Images, one)
	}
	return given, nil
}

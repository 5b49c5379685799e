package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry"
	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"pullkeeper.dev/testbed/registries/requests"
	"pullkeeper.dev/testbed/registries/tokens"
)

// testbed is one registry on a free port of 127.0.0.1, with all its files in a
// directory of its own. When it listens, one line of JSON on stdout says where.
// From then on a line on stdin is a new password (a JSON string) for the user; a
// line of JSON, `{"done": true}`, says that it is in force. When stdin closes, or
// on SIGTERM, the directory is removed and the process ends.
type testbed struct {
	dir, auth, user, password string
	anonymous, tls            bool

	pusher   tokens.Account // may do everything
	accounts *tokens.Accounts
	log      *requests.Log
	ready    ready
}

// ready is what whoever started us must know.
type ready struct {
	Host          string `json:"host"`
	Dir           string `json:"dir"`
	Log           string `json:"log"`
	Requests      string `json:"requests"`
	CA            string `json:"ca,omitempty"`
	Realm         string `json:"realm,omitempty"`
	IdentityToken string `json:"identityToken,omitempty"`
	PushUser      string `json:"pushUser"`
	PushPassword  string `json:"pushPassword"`
}

func testbedCommand() *cobra.Command {
	var t testbed
	command := &cobra.Command{
		Use:          "testbed",
		Short:        "`testbed` serves a throw-away registry until stdin closes",
		Args:         cobra.NoArgs,
		SilenceUsage: true,
		RunE:         func(*cobra.Command, []string) error { return t.run() },
	}
	flags := command.Flags()
	flags.StringVar(&t.dir, "dir", "", "directory to make for all files, and to remove at the end")
	flags.StringVar(&t.auth, "auth", "none", "none, htpasswd or token")
	flags.StringVar(&t.user, "user", "", "the one user")
	flags.StringVar(&t.password, "password", "", "the user's password")
	flags.BoolVar(&t.anonymous, "anonymous", false, "give tokens to whoever names no user")
	flags.BoolVar(&t.tls, "tls", false, "serve https, with the certificate of a CA of its own")
	_ = command.MarkFlagRequired("dir")
	return command
}

func (t *testbed) run() error {
	dir, err := filepath.Abs(t.dir)
	if err != nil {
		return err
	}
	t.dir = dir
	// Ours alone: what stands in a directory that we did not make is not ours to remove.
	if err := os.Mkdir(t.dir, 0o700); err != nil {
		return err
	}
	// The registry ends itself by os.Exit, which runs no deferred function.
	logrus.RegisterExitHandler(t.remove)
	defer t.remove()

	config, err := t.prepare()
	if err != nil {
		return err
	}
	go t.obey()
	return t.serve(config)
}

func (t *testbed) remove() { _ = os.RemoveAll(t.dir) }

// serve runs the registry as `registry serve` does.
func (t *testbed) serve(config *configuration.Configuration) error {
	file, err := os.OpenFile(t.ready.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	logrus.SetOutput(file)
	log.SetOutput(file) // net/http complains there
	logrus.AddHook(&listening{ready: t.ready})
	registry.RegisterHandler(func(_ *configuration.Configuration, next http.Handler) http.Handler {
		return t.log.Handler(next)
	})
	path, err := writeConfig(t.file("config.yaml"), config)
	if err != nil {
		return err
	}
	registry.ServeCmd.Run(registry.ServeCmd, []string{path})
	return errors.New("the registry ended")
}

// listening tells of the port as soon as the registry has one: it asks the kernel for a free one, and only logs which.
type listening struct {
	ready ready
	once  sync.Once
}

func (l *listening) Levels() []logrus.Level {
	return []logrus.Level{logrus.InfoLevel, logrus.FatalLevel, logrus.PanicLevel}
}

func (l *listening) Fire(entry *logrus.Entry) error {
	if entry.Level != logrus.InfoLevel {
		fmt.Fprintln(os.Stderr, "registry:", entry.Message)
		return nil
	}
	if address, ok := strings.CutPrefix(entry.Message, "listening on "); ok {
		l.ready.Host = strings.TrimSuffix(address, ", tls")
		l.once.Do(func() { answer(l.ready) })
	}
	return nil
}

// obey changes the password as told, and ends the process with stdin or on SIGTERM.
func (t *testbed) obey() {
	// Ctrl-C at the terminal is for the test run: it ends, its end of our stdin closes, and then we go.
	signal.Ignore(syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE)
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			if err := t.changePassword(lines.Bytes()); err != nil {
				answer(map[string]string{"error": err.Error()})
			} else {
				answer(map[string]bool{"done": true})
			}
		}
	}()
	select {
	case <-terminate:
	case <-ended:
	}
	t.remove()
	os.Exit(0)
}

func (t *testbed) changePassword(line []byte) error {
	var password string
	if err := json.Unmarshal(line, &password); err != nil {
		return err
	}
	t.accounts.SetPassword(password)
	if t.auth == "htpasswd" {
		return t.writeHtpasswd()
	}
	return nil
}

func (t *testbed) file(name string) string { return filepath.Join(t.dir, name) }

func answer(value any) {
	// A failed write means that the reader is gone; then stdin closes as well.
	_ = json.NewEncoder(os.Stdout).Encode(value)
}

package main

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/distribution/distribution/v3/configuration"

	"pullkeeper.dev/testbed/registries/requests"
	"pullkeeper.dev/testbed/registries/tokens"
)

// prepare makes the files and starts the token server, if there is to be one; the registry's configuration names them.
func (t *testbed) prepare() (*configuration.Configuration, error) {
	t.pusher = tokens.Account{User: "pusher", Password: rand.Text()}
	t.accounts = &tokens.Accounts{Pusher: t.pusher, User: tokens.Account{User: t.user, Password: t.password}}
	t.ready = ready{
		Dir: t.dir, Log: t.file("registry.log"), Requests: t.file("requests.log"),
		PushUser: t.pusher.User, PushPassword: t.pusher.Password,
	}
	var err error
	if t.log, err = requests.Open(t.ready.Requests); err != nil {
		return nil, err
	}
	config := &configuration.Configuration{Version: configuration.MajorMinorVersion(0, 1)}
	config.Storage = configuration.Storage{
		"inmemory": configuration.Parameters{},
		"delete":   configuration.Parameters{"enabled": true},
	}
	config.HTTP.Addr = "127.0.0.1:0"
	config.HTTP.Secret = rand.Text()
	config.Log.Level = "info"
	config.Log.AccessLog.Disabled = true // it would go to stdout; see requests
	if t.tls {
		pair, err := certify(t.dir)
		if err != nil {
			return nil, err
		}
		t.ready.CA = pair.ca
		config.HTTP.TLS.Certificate, config.HTTP.TLS.Key = pair.certificate, pair.key
	}
	return config, t.authenticate(config)
}

func (t *testbed) authenticate(config *configuration.Configuration) error {
	switch t.auth {
	case "none":
		return nil
	case "htpasswd":
		config.Auth = configuration.Auth{"htpasswd": {"realm": "testbed", "path": t.file("htpasswd")}}
		return t.writeHtpasswd()
	case "token":
		return t.serveTokens(config)
	}
	return fmt.Errorf("unknown --auth %q; known are none, htpasswd and token", t.auth)
}

func (t *testbed) serveTokens(config *configuration.Configuration) error {
	server, err := tokens.New("testbed registry", t.accounts, t.anonymous)
	if err != nil {
		return err
	}
	if err := os.WriteFile(t.file("jwks.json"), server.JWKS(), 0o600); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	scheme, handler := "http", t.log.Handler(server)
	if t.tls {
		scheme = "https"
		go http.ServeTLS(listener, handler, config.HTTP.TLS.Certificate, config.HTTP.TLS.Key)
	} else {
		go http.Serve(listener, handler)
	}
	t.ready.Realm = scheme + "://" + listener.Addr().String() + "/token"
	t.ready.IdentityToken = server.IdentityToken()
	config.Auth = configuration.Auth{"token": {
		"realm": t.ready.Realm, "service": server.Service, "issuer": tokens.Issuer, "jwks": t.file("jwks.json"),
	}}
	return nil
}

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
`

// plane is a running etcd and its API server, which is nil while it is stopped.
type plane struct {
	options
	token           string
	etcdURL         string
	apiPort         string
	etcd, apiserver *process
	settled         int
}

// launch starts a plane with an empty store and waits until it is ready.
func launch(ctx context.Context, o options) (*plane, error) {
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	p := &plane{options: o, token: rand.Text(), etcdURL: "http://127.0.0.1:" + ports[0], apiPort: ports[2]}
	data := p.file("etcd")
	if err := os.RemoveAll(data); err != nil {
		return nil, err
	}
	p.etcd, err = start("etcd", o.etcd, o.dir,
		"--data-dir="+data,
		"--listen-client-urls="+p.etcdURL,
		"--advertise-client-urls="+p.etcdURL,
		"--listen-peer-urls=http://127.0.0.1:"+ports[1],
		"--unsafe-no-fsync")
	if err != nil {
		return nil, err
	}
	if err := p.bringUp(ctx); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

func (p *plane) bringUp(ctx context.Context) error {
	if err := p.writeFiles(); err != nil {
		return err
	}
	// The API server looks for etcd once a second: have it there at the first look.
	if err := p.etcd.await(ctx, func() bool { return get(ctx, &http.Transport{DisableKeepAlives: true}, p.etcdURL+"/health", "") }); err != nil {
		return err
	}
	return p.startAPIServer(ctx)
}

// writeFiles makes what the API server reads: keys, users, and the audit policy.
func (p *plane) writeFiles() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	block := pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return errors.Join(
		os.WriteFile(p.file("sa.key"), pem.EncodeToMemory(&block), 0o600),
		os.WriteFile(p.file("tokens.csv"), []byte(p.token+",admin,1,system:masters\n"), 0o600),
		os.WriteFile(p.file("audit-policy.yaml"), []byte(auditPolicy), 0o600),
	)
}

func (p *plane) startAPIServer(ctx context.Context) error {
	args := []string{
		"--etcd-servers=" + p.etcdURL,
		"--service-cluster-ip-range=10.0.0.0/24",
		"--bind-address=127.0.0.1",
		"--advertise-address=192.0.2.1", // for documentation only, so nobody's: else it wants a default route
		"--secure-port=" + p.apiPort,
		"--cert-dir=" + p.dir,
		"--service-account-issuer=" + p.url(),
		"--service-account-signing-key-file=" + p.file("sa.key"),
		"--service-account-key-file=" + p.file("sa.key"),
		"--token-auth-file=" + p.file("tokens.csv"),
		"--authorization-mode=Node,RBAC",
		"--allow-privileged=true",
	}
	if p.audit {
		args = append(args,
			"--audit-policy-file="+p.file("audit-policy.yaml"),
			"--audit-log-path="+p.file("audit.log"),
			"--audit-log-mode=blocking", // "batch" would write whole batches late
			"--audit-log-maxsize=10000") // MB: a rotated log would lose its start
	}
	args = append(args, p.flags...)
	var err error
	if p.apiserver, err = start("kube-apiserver", p.options.apiserver, p.dir, args...); err != nil {
		return err
	}
	return p.apiserver.await(ctx, func() bool { return p.get(ctx, "/readyz") })
}

// stopAPIServer is a crash, not a farewell: that is the harder case for clients, and quick.
func (p *plane) stopAPIServer() {
	if p.apiserver != nil {
		p.apiserver.kill()
		p.apiserver = nil
	}
}

func (p *plane) stop() {
	p.stopAPIServer()
	p.etcd.kill()
}

// apiserverExited is closed once the API server ended without being told to.
func (p *plane) apiserverExited() <-chan struct{} {
	if p.apiserver == nil {
		return nil
	}
	return p.apiserver.exited
}

func (p *plane) obey(ctx context.Context, command string) error {
	switch command {
	case "stop":
		p.stopAPIServer()
		return nil
	case "start", "restart":
		if command == "start" && p.apiserver != nil {
			return errors.New("the API server runs already")
		}
		p.stopAPIServer()
		return p.startAPIServer(ctx)
	case "settle":
		return p.settle(ctx)
	}
	return fmt.Errorf("unknown command %q; known are stop, start, restart and settle", command)
}

// settle makes the audit log complete up to now. An event is written when its
// handler returns, a moment after the client has read the last byte of a large
// answer. So one more request is sent and awaited in the log, then a blink more.
func (p *plane) settle(ctx context.Context) error {
	if !p.audit {
		return errors.New("there is no audit log; start the launcher with --audit")
	}
	if p.apiserver == nil {
		return nil // nothing is being answered, and what was is written
	}
	p.settled++
	path := "/version?settle=" + strconv.Itoa(p.settled)
	if !p.get(ctx, path) {
		return errors.New("the API server does not answer")
	}
	// Looking at the end of the log suffices: requests of others fill no megabyte meanwhile.
	err := p.apiserver.await(ctx, func() bool {
		return bytes.Contains(tail(p.file("audit.log"), 1<<20), []byte(`"`+path+`"`))
	})
	time.Sleep(30 * time.Millisecond)
	return err
}

func (p *plane) ready() any {
	ready := map[string]string{"url": p.url(), "token": p.token, "ca": p.file("apiserver.crt"), "dir": p.dir}
	if p.audit {
		ready["audit"] = p.file("audit.log")
	}
	return ready
}

// get asks our own API server: another's certificate, on a port taken from us, won't do.
func (p *plane) get(ctx context.Context, path string) bool {
	certificate, err := os.ReadFile(p.file("apiserver.crt"))
	if err != nil {
		return false
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}
	return get(ctx, transport, p.url()+path, p.token)
}

func (p *plane) url() string             { return "https://127.0.0.1:" + p.apiPort }
func (p *plane) file(name string) string { return filepath.Join(p.dir, name) }

func get(ctx context.Context, transport http.RoundTripper, url, token string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{Transport: transport, Timeout: 5 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// freePorts asks the kernel. It holds all of them until it has the last, so that they differ.
func freePorts(count int) ([]string, error) {
	var ports []string
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		ports = append(ports, strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
	}
	return ports, nil
}

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"go.yaml.in/yaml/v2"
	"golang.org/x/crypto/bcrypt"
)

// writeHtpasswd writes the accounts as htpasswd -B does. By a rename: the registry reads it at any time.
func (t *testbed) writeHtpasswd() error {
	var lines []byte
	for _, account := range t.accounts.All() {
		// The least cost: nobody guesses here, and each request costs one comparison.
		hash, err := bcrypt.GenerateFromPassword([]byte(account.Password), bcrypt.MinCost)
		if err != nil {
			return err
		}
		lines = append(lines, account.User+":"+string(hash)+"\n"...)
	}
	part := t.file("htpasswd.part")
	return errors.Join(os.WriteFile(part, lines, 0o600), os.Rename(part, t.file("htpasswd")))
}

func writeConfig(path string, config *configuration.Configuration) (string, error) {
	text, err := yaml.Marshal(config)
	if err != nil {
		return "", err
	}
	return path, os.WriteFile(path, text, 0o600)
}

// pair is where a server's certificate and key are, and the certificate of the CA that vouches for it.
type pair struct{ ca, certificate, key string }

// certify makes a CA and, signed by it, a certificate for 127.0.0.1 and localhost. The CA's key is forgotten.
func certify(dir string) (pair, error) {
	p := pair{filepath.Join(dir, "ca.crt"), filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return p, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return p, err
	}
	ca := certificate("testbed CA", 1)
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	server := certificate("testbed registry", 2)
	server.IPAddresses, server.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost"}
	server.KeyUsage, server.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return p, err
	}
	serverDER, err := x509.CreateCertificate(rand.Reader, server, ca, key.Public(), caKey)
	if err != nil {
		return p, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	return p, errors.Join(err,
		writePEM(p.ca, "CERTIFICATE", caDER),
		writePEM(p.certificate, "CERTIFICATE", serverDER),
		writePEM(p.key, "PRIVATE KEY", keyDER))
}

func certificate(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

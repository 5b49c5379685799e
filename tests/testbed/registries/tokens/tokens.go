// Package tokens is the server that the distribution registry's token
// authentication sends its clients to, by the specification of that project:
// https://distribution.github.io/distribution/spec/auth/token/ and …/jwt/.
//
// GET /token with Basic is a login, without is anonymous; POST /token redeems an
// identity token, as docker does (…/spec/auth/oauth/). Its key is made at the start.
package tokens

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/distribution/distribution/v3/registry/auth/token"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Issuer is the name that the registry must trust.
const Issuer = "testbed tokens"

const (
	keyID = "testbed"
	life  = 5 * time.Minute
)

// Server is an http.Handler.
type Server struct {
	// Service is the registry's name, the audience of the tokens.
	Service string

	accounts  *Accounts
	anonymous bool
	identity  string
	key       *ecdsa.PrivateKey
	signer    jose.Signer
}

// New makes a key of its own. With anonymous, whoever names no user gets a token too; otherwise a 401.
func New(service string, accounts *Accounts, anonymous bool) (*Server, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", keyID)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options)
	return &Server{
		Service: service, accounts: accounts, anonymous: anonymous, identity: rand.Text(), key: key, signer: signer,
	}, err
}

// JWKS is the public key, for the registry's setting of that name.
func (s *Server) JWKS() []byte {
	key := jose.JSONWebKey{Key: s.key.Public(), KeyID: keyID, Algorithm: string(jose.ES256), Use: "sig"}
	text, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key}}) // a good key has a JSON form
	return text
}

// IdentityToken is what docker would keep for the user in place of a password.
func (s *Server) IdentityToken() string { return s.identity }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/token" {
		http.NotFound(w, r)
		return
	}
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, "UNSUPPORTED", err.Error())
		return
	}
	user, ok := s.login(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="testbed tokens"`)
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
		return
	}
	if service := r.Form.Get("service"); service != s.Service {
		refuse(w, http.StatusBadRequest, "UNSUPPORTED", "unknown service")
		return
	}
	signed, err := s.sign(user, s.access(user, r.Form["scope"]))
	if err != nil {
		refuse(w, http.StatusInternalServerError, "UNKNOWN", err.Error())
		return
	}
	answer := map[string]any{
		"token": signed, "access_token": signed,
		"expires_in": int(life.Seconds()), "issued_at": time.Now().UTC().Format(time.RFC3339),
	}
	if user != "" && r.Form.Get("offline_token") == "true" {
		answer["refresh_token"] = s.identity
	}
	reply(w, http.StatusOK, answer)
}

// login is the user's name, empty for nobody, and whether a token may be had.
func (s *Server) login(r *http.Request) (string, bool) {
	if r.Method == http.MethodPost {
		switch r.PostForm.Get("grant_type") {
		case "refresh_token":
			return s.accounts.All()[0].User, r.PostForm.Get("refresh_token") == s.identity
		case "password":
			user := r.PostForm.Get("username")
			return user, s.accounts.knows(user, r.PostForm.Get("password"))
		}
		return "", false
	}
	if user, password, given := r.BasicAuth(); given {
		return user, s.accounts.knows(user, password)
	}
	return "", s.anonymous
}

// access is what is granted of the scopes, which may be several parameters, or one with blanks.
func (s *Server) access(user string, scopes []string) []*token.ResourceActions {
	granted := []*token.ResourceActions{}
	for _, scope := range strings.Fields(strings.Join(scopes, " ")) {
		// A name may hold a port: repository:host:5000/app:pull.
		kind, rest, _ := strings.Cut(scope, ":")
		colon := strings.LastIndex(rest, ":")
		if colon < 0 {
			continue
		}
		name, actions := rest[:colon], strings.Split(rest[colon+1:], ",")
		if allowed := s.accounts.allowed(user, kind, name, actions); len(allowed) > 0 {
			granted = append(granted, &token.ResourceActions{Type: kind, Name: name, Actions: allowed})
		}
	}
	return granted
}

func (s *Server) sign(user string, access []*token.ResourceActions) (string, error) {
	now := time.Now()
	return jwt.Signed(s.signer).Claims(token.ClaimSet{
		Issuer:     Issuer,
		Subject:    user,
		Audience:   []string{s.Service},
		Expiration: now.Add(life).Unix(),
		NotBefore:  now.Unix(),
		IssuedAt:   now.Unix(),
		JWTID:      rand.Text(),
		Access:     access,
	}).Serialize()
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{"errors": []map[string]string{{"code": code, "message": message}}})
}

func reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A failed write means that the client is gone.
	_ = json.NewEncoder(w).Encode(value)
}

// Package requests writes down what a server was asked. The registry's own access
// log won't do: it is written after the answer, when a test may have read it already.
package requests

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"sync"
)

// Log is a file of one line of JSON a request.
type Log struct {
	mu   sync.Mutex
	file *os.File
}

// Line is a request and the status of its answer. It holds no password and no token.
type Line struct {
	Method string `json:"method"`
	// Path and query.
	URI string `json:"uri"`
	// "Basic USER", "Bearer", or nothing.
	Login  string `json:"login"`
	Status int    `json:"status"`
}

// Open makes the file.
func Open(path string) (*Log, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	return &Log{file: file}, err
}

// Handler notes each request before the first byte of its answer leaves.
func (l *Log) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noting := &noting{ResponseWriter: w, log: l, line: Line{Method: r.Method, URI: r.URL.RequestURI(), Login: login(r)}}
		next.ServeHTTP(noting, r)
		noting.note(http.StatusOK)
	})
}

func login(r *http.Request) string {
	if user, _, ok := r.BasicAuth(); ok {
		return "Basic " + user
	}
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return scheme
}

func (l *Log) write(line Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// A test that misses a line says so itself.
	_ = json.NewEncoder(l.file).Encode(line)
}

// noting is the writer of an answer that notes its status once.
type noting struct {
	http.ResponseWriter
	log  *Log
	line Line
}

func (n *noting) note(status int) {
	if n.line.Status == 0 {
		n.line.Status = status
		n.log.write(n.line)
	}
}

func (n *noting) WriteHeader(status int) {
	if status >= 200 {
		n.note(status)
	}
	n.ResponseWriter.WriteHeader(status)
}

func (n *noting) Write(bytes []byte) (int, error) {
	n.note(http.StatusOK)
	return n.ResponseWriter.Write(bytes)
}

func (n *noting) Unwrap() http.ResponseWriter { return n.ResponseWriter }

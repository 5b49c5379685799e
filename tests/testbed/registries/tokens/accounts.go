package tokens

import (
	"strings"
	"sync"
)

// Account is a name and its password.
type Account struct{ User, Password string }

// Accounts are the two that there are: a user who may read, and the tests' own pusher, who may do everything.
type Accounts struct {
	mu     sync.Mutex
	User   Account
	Pusher Account
}

// All of them, as they are now.
func (a *Accounts) All() []Account {
	a.mu.Lock()
	defer a.mu.Unlock()
	return []Account{a.User, a.Pusher}
}

// SetPassword gives the user another password; the old one is refused from now on.
func (a *Accounts) SetPassword(password string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.User.Password = password
}

// knows the account, by this password.
func (a *Accounts) knows(user, password string) bool {
	for _, account := range a.All() {
		if account.User == user && account.Password == password {
			return user != ""
		}
	}
	return false
}

// allowed are the actions that the user, or nobody (""), may do: read the repositories under
// public/ as anyone, and those under team/ as the user. Whatever else is asked is left out,
// as token servers do: the answer is a token without it, not a refusal.
func (a *Accounts) allowed(user, kind, name string, actions []string) []string {
	if user == a.Pusher.User && user != "" {
		return actions
	}
	readable := strings.HasPrefix(name, "public/") || user != "" && strings.HasPrefix(name, "team/")
	granted := []string{}
	for _, action := range actions {
		if kind == "repository" && readable && action == "pull" {
			granted = append(granted, action)
		}
	}
	return granted
}

package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"runtime"
	"sync"

	"golang.org/x/crypto/bcrypt"
)

// LocalUser is one configured user; Hash is bcrypt.
type LocalUser struct {
	Name string
	Hash string
	Role Role
}

// Local accepts `Authorization: Basic`. An unknown name costs as much time as
// a wrong password. Since bcrypt is slow on purpose, at most one comparison
// for each processor runs at a time, and the last good password of each user
// is remembered as a keyed sum, so that a script of many calls pays once.
type Local struct {
	users map[string]*localUser
	decoy []byte
	key   [sha256.Size]byte
	slots chan struct{}
}

type localUser struct {
	principal Principal
	hash      []byte

	mu   sync.Mutex
	good []byte // keyed sum of the last password that matched
}

// NewLocal refuses a hash that is not bcrypt, a user without a name or a role, and a
// name that comes twice.
func NewLocal(users []LocalUser) (*Local, error) {
	l := &Local{users: make(map[string]*localUser, len(users)), slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
	cost := bcrypt.MinCost
	for _, u := range users {
		userCost, err := bcrypt.Cost([]byte(u.Hash))
		switch _, twice := l.users[u.Name]; {
		case err != nil:
			return nil, fmt.Errorf("user %q: hash is not bcrypt: %w", u.Name, err)
		case u.Name == "" || u.Role == RoleNone:
			return nil, fmt.Errorf("user %q: no name or no role", u.Name)
		case twice:
			return nil, fmt.Errorf("user %q: named twice", u.Name)
		}
		cost = max(cost, userCost)
		l.users[u.Name] = &localUser{
			principal: Principal{Name: u.Name, Role: u.Role, Issuer: IssuerLocal},
			hash:      []byte(u.Hash),
		}
	}
	rand.Read(l.key[:])
	var err error
	if l.decoy, err = bcrypt.GenerateFromPassword([]byte(rand.Text()), cost); err != nil {
		return nil, fmt.Errorf("decoy hash: %w", err)
	}
	return l, nil
}

// Authenticate waits for its turn no longer than the request lives.
func (l *Local) Authenticate(r *http.Request) (Principal, error) {
	switch kind, _ := authorization(r); kind {
	case schemeNone:
		return Principal{}, noCredentials("Authentication required", basicChallenge)
	case schemeBearer, schemeOther:
		return Principal{}, notMine(http.StatusUnauthorized, "Authentication required", basicChallenge)
	}
	name, password, ok := r.BasicAuth()
	if !ok {
		return Principal{}, unauthorized("Authentication required", basicChallenge)
	}
	user := l.users[name]
	sum := l.sum(password)
	if user != nil && user.remembers(sum) {
		return user.principal, nil
	}
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-r.Context().Done():
		return Principal{}, r.Context().Err()
	}
	if user == nil {
		_ = bcrypt.CompareHashAndPassword(l.decoy, []byte(password))
	} else if bcrypt.CompareHashAndPassword(user.hash, []byte(password)) == nil {
		user.remember(sum)
		return user.principal, nil
	}
	return Principal{}, unauthorized("Wrong user name or password", basicChallenge)
}

func (l *Local) sum(password string) []byte {
	mac := hmac.New(sha256.New, l.key[:])
	mac.Write([]byte(password))
	return mac.Sum(nil)
}

func (u *localUser) remembers(sum []byte) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return subtle.ConstantTimeCompare(u.good, sum) == 1
}

func (u *localUser) remember(sum []byte) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.good = sum
}

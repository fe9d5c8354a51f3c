package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
)

// goodMost is how many users' passwords are remembered.
const goodMost = 4096

// goodPasswords remembers for each user the last password that matched, as a sum under a key of this process. The hash is part of
// the sum: with another hash, the password is another one.
type goodPasswords struct {
	key [sha256.Size]byte

	mu   sync.Mutex
	sums map[string][]byte // by user
}

func (g *goodPasswords) init() {
	rand.Read(g.key[:])
	g.sums = make(map[string][]byte)
}

func (g *goodPasswords) sum(u LocalUser, password string) []byte {
	mac := hmac.New(sha256.New, g.key[:])
	mac.Write([]byte(u.Hash + "\x00" + password))
	return mac.Sum(nil)
}

func (g *goodPasswords) remembers(u LocalUser, password string) bool {
	sum := g.sum(u, password)
	g.mu.Lock()
	defer g.mu.Unlock()
	return hmac.Equal(g.sums[u.Name], sum)
}

func (g *goodPasswords) remember(u LocalUser, password string) {
	sum := g.sum(u, password)
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, there := g.sums[u.Name]; !there && len(g.sums) >= goodMost {
		for other := range g.sums {
			delete(g.sums, other)
			break
		}
	}
	g.sums[u.Name] = sum
}

package queue

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
)

// The embedded server must answer scripts as Redis does: every case runs on both.
func TestScriptsAnswerAsOnRedis(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"nothing":              {`local x = 1`, "nil"},
		"nil":                  {`return nil`, "nil"},
		"true":                 {`return true`, "1"},
		"false":                {`return false`, "nil"},
		"number is truncated":  {`return 3.9`, "3"},
		"text":                 {`return "a\nb"`, "a\nb"},
		"keys and arguments":   {`return {KEYS[1], ARGV[1], ARGV[2], #KEYS, #ARGV}`, "[KEY one two 1 2]"},
		"list ends at nil":     {`return {1, 2, nil, 4}`, "[1 2]"},
		"nested list":          {`return {1, {2, {"x"}}, {}}`, "[1 [2 [x]] []]"},
		"status":               {`return redis.status_reply("FINE")`, "FINE"},
		"ok of a command":      {`return redis.call("SET", KEYS[1], "v")`, "OK"},
		"missing value":        {`if redis.call("GET", KEYS[1]) == false then return "none" end`, "none"},
		"number of a command":  {`return redis.call("RPUSH", KEYS[1], "a", "b") + 1`, "3"},
		"list of a command":    {`redis.call("RPUSH", KEYS[1], "a", "b"); return redis.call("LRANGE", KEYS[1], 0, -1)`, "[a b]"},
		"unpack with a gap":    {`local a, b = unpack(redis.call("HMGET", KEYS[1], "x", "y")); return {tostring(a), tostring(b)}`, "[false false]"},
		"number as argument":   {`redis.call("SET", KEYS[1], 12); return redis.call("GET", KEYS[1])`, "12"},
		"error of two words":   {`return redis.error_reply("NOT FOUND")`, "error NOT FOUND"},
		"error of one word":    {`return redis.error_reply("BROKEN")`, "error"},
		"error of a command":   {`redis.call("SET", KEYS[1], "v"); return redis.call("LLEN", KEYS[1])`, "error"},
		"error that is caught": {`redis.call("SET", KEYS[1], "v"); return redis.pcall("LLEN", KEYS[1]).err and "caught"`, "caught"},
		"error of Lua":         {`return nothing.here`, "error"},
		"error of a type":      {`return redis.call("GET", {})`, "error"},
		"error of syntax":      {`return (`, "error"},
		"unknown command":      {`return redis.call("NOSUCH")`, "error"},
		"state does not stay":  {`local t = {}; for i = 1, 100 do t[i] = i end; return #t`, "100"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, kind := range []string{Embedded, "redis"} {
				t.Run(kind, func(t *testing.T) {
					q := open(t, Options{URL: shared.url(t, kind)})
					script := redis.NewScript(c.script)
					for range 2 { // by its text, then by its sum
						got, err := script.Run(t.Context(), q.rdb, []string{"KEY"}, "one", "two").Result()
						q.rdb.Del(t.Context(), "KEY")
						text := fmt.Sprint(got)
						switch {
						case errors.Is(err, redis.Nil):
							text = "nil"
						case err != nil:
							text = "error " + err.Error()
						}
						if text != c.want && (c.want != "error" || !strings.HasPrefix(text, "error ")) {
							t.Errorf("got %q, want %q", text, c.want)
						}
					}
				})
			}
		})
	}
}

func TestScriptsAreAtomicAgainstEachOther(t *testing.T) {
	q := open(t, Options{URL: Embedded})
	bump := redis.NewScript(`local n = tonumber(redis.call("GET", KEYS[1]) or 0); redis.call("SET", KEYS[1], n + 1); return n`)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if err := bump.Run(t.Context(), q.rdb, []string{"n"}).Err(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n, err := q.rdb.Get(t.Context(), "n").Int(); err != nil || n != 400 {
		t.Errorf("counted %d, %v", n, err)
	}
}

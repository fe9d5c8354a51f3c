package queue

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/alicebob/miniredis/v2/server"
	lua "github.com/yuin/gopher-lua"
)

// scriptEngine runs the scripts of the embedded server in one kept Lua state, each compiled once: miniredis builds a new
// state with all its libraries for every call, which is nearly all that a job costs there.
//
// Scripts are atomic against each other, not against a plain command that comes in between; none of ours, and none of
// asynq's, needs more.
type scriptEngine struct {
	mu      sync.Mutex
	server  *server.Server
	state   *lua.LState
	scripts map[string]*lua.LFunction // by SHA-1

	inner *server.Peer // whom a script's own commands answer
	out   *bytes.Buffer
	flush *bufio.Writer
	read  *bufio.Reader // of out
}

func newScriptEngine(s *server.Server) *scriptEngine {
	out := &bytes.Buffer{}
	flush := bufio.NewWriter(out)
	e := &scriptEngine{
		server: s, scripts: map[string]*lua.LFunction{}, out: out, flush: flush, inner: server.NewPeer(flush), read: bufio.NewReader(out),
		state: lua.NewState(lua.Options{SkipOpenLibs: true, IncludeGoStackTrace: false}),
	}
	for name, open := range map[string]lua.LGFunction{
		lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable, lua.StringLibName: lua.OpenString, lua.MathLibName: lua.OpenMath,
	} {
		e.state.Push(e.state.NewFunction(open))
		e.state.Push(lua.LString(name))
		e.state.Call(1, 0)
	}
	e.state.SetGlobal("redis", e.state.SetFuncs(e.state.NewTable(), map[string]lua.LGFunction{
		"call": e.call(true), "pcall": e.call(false), "error_reply": errorReply, "status_reply": statusReply,
	}))
	return e
}

// serve is asked about every command; it takes EVAL, and EVALSHA of what it has seen, and leaves the rest to miniredis.
func (e *scriptEngine) serve(peer *server.Peer, cmd string, args ...string) bool {
	if cmd != "EVAL" && cmd != "EVALSHA" {
		return false
	}
	if len(args) < 2 {
		return false
	}
	n, err := strconv.Atoi(args[1])
	if err != nil || n < 0 || n > len(args)-2 {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	run, err := e.script(cmd, args[0])
	if err != nil {
		peer.WriteError("ERR " + err.Error())
		return true
	}
	if run == nil {
		return false
	}
	e.run(peer, run, args[2:2+n], args[2+n:])
	return true
}

func (e *scriptEngine) script(cmd, text string) (*lua.LFunction, error) {
	if cmd == "EVALSHA" {
		return e.scripts[strings.ToLower(text)], nil
	}
	sum := sha1.Sum([]byte(text))
	sha := hex.EncodeToString(sum[:])
	if run := e.scripts[sha]; run != nil {
		return run, nil
	}
	run, err := e.compile(text)
	if err != nil {
		return nil, fmt.Errorf("compile script: %w", err)
	}
	e.scripts[sha] = run
	return run, nil
}

// compile makes a function of a script. As a chunk it would take any number of arguments, for which each call makes a table.
func (e *scriptEngine) compile(text string) (*lua.LFunction, error) {
	l := e.state
	defer l.SetTop(0)
	chunk, err := l.LoadString("return function()\n" + text + "\nend")
	if err != nil {
		return nil, err
	}
	if err := l.CallByParam(lua.P{Fn: chunk, NRet: 1, Protect: true}); err != nil {
		return nil, err
	}
	return l.CheckFunction(-1), nil
}

func (e *scriptEngine) run(peer *server.Peer, script *lua.LFunction, keys, argv []string) {
	l := e.state
	l.SetGlobal("KEYS", textTable(l, keys))
	l.SetGlobal("ARGV", textTable(l, argv))
	defer l.SetTop(0)
	if err := l.CallByParam(lua.P{Fn: script, NRet: 1, Protect: true}); err != nil {
		peer.WriteError("ERR " + raised(err))
		return
	}
	writeValue(peer, l.Get(-1))
}

// raised is the text of an error without the stack that gopher-lua adds.
func raised(err error) string {
	var e *lua.ApiError
	if errors.As(err, &e) && e.Object != nil {
		return e.Object.String()
	}
	return err.Error()
}

func textTable(l *lua.LState, list []string) *lua.LTable {
	t := l.CreateTable(len(list), 0)
	for _, s := range list {
		t.Append(lua.LString(s))
	}
	return t
}

// call is redis.call, which raises an error, or redis.pcall, which returns it.
func (e *scriptEngine) call(raise bool) lua.LGFunction {
	return func(l *lua.LState) int {
		args := make([]string, l.GetTop())
		for i := range args {
			switch v := l.Get(i + 1).(type) {
			case lua.LString, lua.LNumber:
				args[i] = v.String()
			default:
				l.RaiseError("arguments of a command must be strings or numbers")
			}
		}
		if len(args) == 0 {
			l.RaiseError("a command is missing")
		}
		reply, err := e.dispatch(args)
		switch {
		case err != nil && raise:
			l.Error(lua.LString(err.Error()), 0)
		case err != nil:
			l.Push(field(l, "err", err.Error()))
		default:
			l.Push(readValue(l, reply))
		}
		return 1
	}
}

func (e *scriptEngine) dispatch(args []string) (any, error) {
	e.out.Reset()
	e.server.Dispatch(e.inner, args)
	if err := e.flush.Flush(); err != nil {
		return nil, err
	}
	e.read.Reset(e.out)
	return server.ParseReply(e.read)
}

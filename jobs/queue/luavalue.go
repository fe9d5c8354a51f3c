package queue

import (
	"fmt"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
	lua "github.com/yuin/gopher-lua"
)

// Conversions between Redis replies and Lua values, by the rules that Redis documents for scripts.

func field(l *lua.LState, name, text string) *lua.LTable {
	t := l.CreateTable(0, 1)
	t.RawSetString(name, lua.LString(text))
	return t
}

// errorReply is redis.error_reply: a single word is taken for a message without a code.
func errorReply(l *lua.LState) int {
	text := strings.TrimPrefix(l.CheckString(1), "-")
	if !strings.Contains(text, " ") {
		text = "ERR " + text
	}
	l.Push(field(l, "err", text))
	return 1
}

func statusReply(l *lua.LState) int {
	l.Push(field(l, "ok", l.CheckString(1)))
	return 1
}

func readValue(l *lua.LState, reply any) lua.LValue {
	switch v := reply.(type) {
	case nil:
		return lua.LFalse
	case int:
		return lua.LNumber(v)
	case string:
		return lua.LString(v)
	case server.Simple:
		return field(l, "ok", string(v))
	case []any:
		t := l.CreateTable(len(v), 0)
		for _, item := range v {
			t.Append(readValue(l, item))
		}
		return t
	default:
		return lua.LString(fmt.Sprint(v))
	}
}

func writeValue(peer *server.Peer, value lua.LValue) {
	switch v := value.(type) {
	case lua.LBool:
		if v {
			peer.WriteInt(1)
		} else {
			peer.WriteNull()
		}
	case lua.LNumber:
		peer.WriteInt(int(v))
	case lua.LString:
		peer.WriteBulk(string(v))
	case *lua.LTable:
		writeTable(peer, v)
	default:
		peer.WriteNull()
	}
}

func writeTable(peer *server.Peer, t *lua.LTable) {
	if text, ok := t.RawGetString("err").(lua.LString); ok {
		peer.WriteError(string(text))
		return
	}
	if text, ok := t.RawGetString("ok").(lua.LString); ok {
		peer.WriteInline(string(text))
		return
	}
	n := 0
	for t.RawGetInt(n+1) != lua.LNil {
		n++
	}
	peer.WriteLen(n)
	for i := range n {
		writeValue(peer, t.RawGetInt(i+1))
	}
}

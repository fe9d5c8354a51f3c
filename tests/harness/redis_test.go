package harness

import "testing"

func TestRedisComesBackEmptyHanded(t *testing.T) {
	r := StartRedis(t)
	first := r.Pid()
	r.KillAndStart()
	if !r.answers() || r.Pid() == first {
		t.Error("it was not started again")
	}
	r.Kill()
	if r.answers() {
		t.Error("it answers though it was killed")
	}
}

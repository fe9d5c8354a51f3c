package gluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"yardmaster/executors"
)

// BlockInfo is what gluster-block knows about a block volume.
type BlockInfo struct {
	Name, Volume, GBID, Size string
	SizeBytes                uint64 // 0 when Size cannot be read
	HA                       int
	Password                 string
	Hosts                    []string
}

// blockAnswer is the union of what gluster-block answers with --json.
type blockAnswer struct {
	IQN      string   `json:"IQN"`
	Username string   `json:"USERNAME"`
	Password string   `json:"PASSWORD"`
	Portals  []string `json:"PORTAL(S)"`
	Name     string   `json:"NAME"`
	Volume   string   `json:"VOLUME"`
	GBID     string   `json:"GBID"`
	Size     any      `json:"SIZE"`
	HA       int      `json:"HA"`
	Exported []string `json:"EXPORTED ON"`
	Blocks   []string `json:"blocks"`
	Result   string   `json:"RESULT"`
	Code     int      `json:"errCode"`
	Message  string   `json:"errMsg"`
}

// block runs one gluster-block command. Its refusals are JSON, with an exit status that cannot be relied upon.
func (g *Gluster) block(ctx context.Context, host, what, command string) (blockAnswer, error) {
	out, err := g.call(ctx, host, what, g.glusterLimit(), command+"\n")
	var exit *executors.ExitError
	if err != nil && !errors.As(err, &exit) {
		return blockAnswer{}, err
	}
	answer, parseErr := parseBlock(out)
	switch {
	case parseErr != nil && err != nil:
		return blockAnswer{}, blockRefused(err, exit)
	case parseErr != nil:
		return blockAnswer{}, fmt.Errorf("%s on %s: %w", what, host, parseErr)
	case err == nil && !answer.failed():
		return answer, nil
	}
	code := 1
	if exit != nil {
		code = exit.Result.Exit
	}
	exit = &executors.ExitError{Host: host, What: what, Result: executors.Result{Stderr: answer.words(), Exit: code}}
	return blockAnswer{}, blockRefused(exit, exit)
}

// blockRefused recognises the denial of a block volume.
func blockRefused(err error, exit *executors.ExitError) error {
	text := exit.Error()
	if strings.Contains(text, "doesn't exist") || strings.Contains(text, "does not exist") {
		return &refusal{kind: ErrNoBlockVolume, exit: exit}
	}
	return err
}

func parseBlock(out string) (blockAnswer, error) {
	var a blockAnswer
	if err := json.Unmarshal([]byte(strings.TrimSpace(out)), &a); err != nil {
		return blockAnswer{}, fmt.Errorf("%w: gluster-block: %w", errAnswer, err)
	}
	return a, nil
}

func (a blockAnswer) failed() bool { return a.Result == "FAIL" || a.Code != 0 || a.Message != "" }

func (a blockAnswer) words() string {
	if a.Message != "" {
		return a.Message
	}
	return fmt.Sprintf("gluster-block answered %s, error code %d", a.Result, a.Code)
}

func (a blockAnswer) result() BlockResult {
	r := BlockResult{IQN: a.IQN, Username: a.Username, Password: a.Password}
	for _, p := range a.Portals {
		if i := strings.LastIndex(p, ":"); i > 0 && !strings.HasSuffix(p, "]") {
			p = p[:i]
		}
		r.Hosts = append(r.Hosts, strings.Trim(p, "[]"))
	}
	return r
}

func (a blockAnswer) info() BlockInfo {
	i := BlockInfo{Name: a.Name, Volume: a.Volume, GBID: a.GBID, HA: a.HA, Password: a.Password, Hosts: a.Exported}
	switch size := a.Size.(type) {
	case string:
		i.Size, i.SizeBytes = size, parseSize(size)
	case float64:
		if size >= 0 && size < 1<<62 {
			i.Size, i.SizeBytes = strconv.FormatFloat(size, 'f', -1, 64), uint64(size)
		}
	}
	return i
}

// parseSize reads "1.0 GiB", 0 when it is no such size.
func parseSize(s string) uint64 {
	number, unit, _ := strings.Cut(strings.TrimSpace(s), " ")
	v, err := strconv.ParseFloat(number, 64)
	shift, known := map[string]uint{"B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40, "PiB": 50}[unit]
	if err != nil || !known || v < 0 || v > 1<<20 {
		return 0
	}
	return uint64(v * float64(uint64(1)<<shift))
}

//go:build e2e

package gluster_test

import (
	"encoding/json"
	"log/slog"
	"os"
	"testing"
	"time"

	"yardmaster/executors/ssh"
)

// nodesFile names the real nodes that these tests may use: the file that describes them, in an environment variable.
const nodesFile = "YARDMASTER_NODES"

type realNodes struct {
	User       string `json:"user"`
	Key        string `json:"key"`
	KnownHosts string `json:"known_hosts"`
	Nodes      []struct {
		Name    string   `json:"name"`
		Address string   `json:"address"`
		Port    int      `json:"port"`
		Devices []string `json:"devices"`
	} `json:"nodes"`
}

func reachNodes(t *testing.T) (realNodes, *ssh.SSH) {
	t.Helper()
	file := os.Getenv(nodesFile)
	if file == "" {
		t.Skip(nodesFile + " names no real nodes")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var nodes realNodes
	if err := json.Unmarshal(text, &nodes); err != nil {
		t.Fatal(err)
	}
	level := slog.LevelInfo
	if testing.Verbose() && os.Getenv("YARDMASTER_TRACE") != "" {
		level = slog.LevelDebug
	}
	run, err := ssh.New(ssh.Config{
		User: nodes.User, KeyFile: nodes.Key, KnownHosts: nodes.KnownHosts, Keepalive: 2 * time.Second,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	return nodes, run
}

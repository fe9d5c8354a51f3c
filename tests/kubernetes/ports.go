package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
)

// ports are those of one control plane, all on 127.0.0.1.
type ports struct {
	APIServer int `json:"kube-apiserver"`
	Etcd      int `json:"etcd"`
	Peer      int `json:"etcd-peer"`
}

func (p ports) apiserverURL() string { return fmt.Sprintf("https://127.0.0.1:%d", p.APIServer) }
func (p ports) etcdURL() string      { return fmt.Sprintf("http://127.0.0.1:%d", p.Etcd) }
func (p ports) peerURL() string      { return fmt.Sprintf("http://127.0.0.1:%d", p.Peer) }

// choosePorts draws them once for a folder: the kubeconfigs that were given out name one.
func choosePorts(dir string) (ports, error) {
	p, err := loadPorts(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return p, err
	}
	free, err := freePorts(3)
	if err != nil {
		return ports{}, err
	}
	p = ports{APIServer: free[0], Etcd: free[1], Peer: free[2]}
	text, err := json.Marshal(p)
	if err != nil {
		return ports{}, err
	}
	return p, writeWhole(portsFile(dir), text)
}

func loadPorts(dir string) (p ports, err error) {
	text, err := os.ReadFile(portsFile(dir))
	if err != nil {
		return ports{}, err
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return ports{}, fmt.Errorf("%s: %w", portsFile(dir), err)
	}
	return p, nil
}

func portsFile(dir string) string { return filepath.Join(dir, "ports.json") }

// freePorts lie below the range of outgoing connections, so that no client is given one while the control plane is away.
func freePorts(n int) ([]int, error) {
	const low, high = 18000, 32000
	var free []int
	for range 100 * n {
		port := low + rand.IntN(high-low)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		defer l.Close() // not before all are drawn: they must differ
		if free = append(free, port); len(free) == n {
			return free, nil
		}
	}
	return nil, errors.New("no free port")
}

package harness

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"strconv"
)

// The keys of the Heketi API in every configuration that this package writes.
const (
	AdminKey = "the admin key of the tests"
	UserKey  = "the user key of the tests"
)

// heketiJSON is what an operator of Heketi has lying about. extra goes into its part "glusterfs", top beside it.
func heketiJSON(port int, dataDir string, top, extra map[string]any) []byte {
	gluster := map[string]any{
		"executor": "mock",
		"db":       filepath.Join(dataDir, "heketi.db"),
		"loglevel": "debug",
		"_remark":  "the simulated cluster",
	}
	maps.Copy(gluster, extra)
	all := map[string]any{
		"_port_comment": "Heketi server port",
		"port":          strconv.Itoa(port),
		"use_auth":      true,
		"jwt": map[string]any{
			"admin": map[string]string{"key": AdminKey},
			"user":  map[string]string{"key": UserKey},
		},
		"glusterfs": gluster,
	}
	maps.Copy(all, top)
	raw, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		panic(err) // only a test that hands in a channel or the like gets here
	}
	return raw
}

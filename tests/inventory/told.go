package inventory

import (
	"context"
	"path"

	"yardmaster/client"
)

// Yard is the part of GET /topology that has to be true of the machines.
type Yard struct {
	Clusters []struct {
		ID    string `json:"id"`
		Nodes []struct {
			ID        string `json:"id"`
			Hostnames struct {
				Manage []string `json:"manage"`
			} `json:"hostnames"`
			Devices []Device `json:"devices"`
		} `json:"nodes"`
		Volumes []struct {
			ID     string  `json:"id"`
			Name   string  `json:"name"`
			Bricks []Brick `json:"bricks"`
		} `json:"volumes"`
	} `json:"clusters"`
}

// Device has sizes in KiB.
type Device struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Storage struct {
		Total uint64 `json:"total"`
		Free  uint64 `json:"free"`
		Used  uint64 `json:"used"`
	} `json:"storage"`
	Bricks []Brick `json:"bricks"`
}

// Brick is one brick as the server tells of it.
type Brick struct {
	ID     string `json:"id"`
	Path   string `json:"path"`
	Device string `json:"device"`
	Node   string `json:"node"`
	Volume string `json:"volume"`
}

func (b Brick) mount() string { return path.Dir(b.Path) }

// Ask reads the whole tree in one request.
func Ask(ctx context.Context, c *client.Client) (Yard, error) {
	var y Yard
	err := c.Get(ctx, "/topology", &y)
	return y, err
}

// Volumes are the ids of all volumes by their names.
func (y Yard) Volumes() map[string]string {
	out := map[string]string{}
	for _, c := range y.Clusters {
		for _, v := range c.Volumes {
			out[v.Name] = v.ID
		}
	}
	return out
}

// Hosts are the names under which nodes are reached.
func (y Yard) Hosts() []string {
	var out []string
	for _, c := range y.Clusters {
		for _, n := range c.Nodes {
			out = append(out, n.Hostnames.Manage[0])
		}
	}
	return out
}

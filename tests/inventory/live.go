package inventory

import (
	"context"

	"yardmaster/client"
)

// Live lists the operations that have not ended. Until there is none, the server and its machines may well differ.
func Live(ctx context.Context, c *client.Client) ([]client.Operation, error) {
	var out []client.Operation
	for _, state := range []string{"pending", "running", "undoing", "stuck"} {
		var page struct {
			Operations []client.Operation `json:"operations"`
		}
		if err := c.Get(ctx, "/operations?limit=1000&state="+state, &page); err != nil {
			return nil, err
		}
		out = append(out, page.Operations...)
	}
	return out, nil
}

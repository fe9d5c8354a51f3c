package stackyclient

import (
	"context"
	"fmt"
	"time"
)

// show fetches a table and prints it.
func (c *Client) show(ctx context.Context, path string, p Params) error {
	rows, err := c.table(ctx, path, p)
	if err != nil {
		return err
	}
	return c.dump(rows)
}

// Deployments is "stacky deployments".
func (c *Client) Deployments(ctx context.Context) error {
	return c.show(ctx, "/stacky/deployments/", nil)
}

// Events is "stacky events".
func (c *Client) Events(ctx context.Context) error { return c.show(ctx, "/stacky/events/", nil) }

// Hosts is "stacky hosts".
func (c *Client) Hosts(ctx context.Context) error { return c.show(ctx, "/stacky/hosts/", nil) }

// UUID is "stacky uuid ID [service]".
func (c *Client) UUID(ctx context.Context, id, service string) error {
	fmt.Fprintln(c.Out, "Events related to", id)
	if err := c.related(ctx, id, service); err != nil {
		return err
	}
	if service != "" && service != "nova" {
		return nil
	}
	return c.show(ctx, "/stacky/timings/uuid/", Params{"uuid", id})
}

func (c *Client) related(ctx context.Context, id, service string) error {
	p := Params{"uuid", id}
	if service != "" {
		p = append(p, "service", service)
	}
	return c.show(ctx, "/stacky/uuid/", p)
}

// dates is how times are typed.
const dates = "2006-01-02 15:04:05"

// Timings is "stacky timings NAME [from [to]]".
func (c *Client) Timings(ctx context.Context, name string, between ...string) error {
	p := Params{"name", name}
	for i, key := range []string{"end_when_min", "end_when_max"} {
		if i >= len(between) {
			break
		}
		at, err := time.Parse(dates, between[i])
		if err != nil {
			return err
		}
		p = append(p, key, fmt.Sprint(at.Unix()))
	}
	return c.show(ctx, "/stacky/timings/", p)
}

// Summary is "stacky summary".
func (c *Client) Summary(ctx context.Context) error { return c.show(ctx, "/stacky/summary/", nil) }

// Request is "stacky request ID".
func (c *Client) Request(ctx context.Context, id string) error {
	return c.show(ctx, "/stacky/request/", Params{"request_id", id})
}

// Show is "stacky show ID [service]": what is known of an event, its text, and then all that happened to the same instance.
func (c *Client) Show(ctx context.Context, id, service string) error {
	var p Params
	if service != "" {
		p = Params{"service", service}
	}
	a, err := c.check(ctx, "/stacky/show/"+id, p)
	if err != nil {
		return err
	}
	if len(a.Body) == 0 {
		fmt.Fprintln(c.Out, "Server reported: ObjectDoesNotExist")
		return nil
	}
	var parts []any
	if err := decode(a.Body, &parts); err != nil {
		return err
	}
	if len(parts) != 3 {
		return &Crash{fmt.Sprintf("show has %d parts", len(parts))}
	}
	facts, err := tableOf(parts[0])
	if err != nil {
		return err
	}
	text, isText := parts[1].(string)
	uuid, named := parts[2].(string)
	if !isText || !named && parts[2] != nil {
		return &Crash{fmt.Sprintf("show has %T and %T", parts[1], parts[2])}
	}
	if err := c.dump(facts); err != nil {
		return err
	}
	fmt.Fprintln(c.Out, text)
	if uuid == "" {
		return nil
	}
	return c.related(ctx, uuid, service)
}

func tableOf(v any) ([][]any, error) {
	all, isList := v.([]any)
	if !isList {
		return nil, &Crash{fmt.Sprintf("%T is no table", v)}
	}
	rows := make([][]any, len(all))
	for i := range all {
		if rows[i], isList = all[i].([]any); !isList {
			return nil, &Crash{fmt.Sprintf("%T is no row", all[i])}
		}
	}
	return rows, nil
}

// Search is "stacky search SERVICE FIELD VALUE", with more parameters such as limit, when_min and when_max.
func (c *Client) Search(ctx context.Context, service, field, value string, more Params) error {
	return c.show(ctx, "/stacky/search/", append(Params{"service", service, "field", field, "value", value}, more...))
}

// KPI is "stacky kpi [TENANT]".
func (c *Client) KPI(ctx context.Context, tenant string) error {
	path := "/stacky/kpi/"
	if tenant != "" {
		path += tenant + "/"
		fmt.Fprintln(c.Out, "Filtering by Tenant ID:", tenant)
	}
	return c.show(ctx, path, nil)
}

// Usage is "stacky usage launches|deletes|exists [INSTANCE]", which the server lost long ago.
func (c *Client) Usage(ctx context.Context, of, instance string) error {
	var p Params
	if instance != "" {
		p = Params{"instance", instance}
	}
	return c.show(ctx, "/stacky/usage/"+of, p)
}

package notices

import (
	"slices"
	"strings"
)

// Usage is what is billed by some notifications, one text a record, sorted.
type Usage struct {
	Launches     []string // instance, request and when it was launched
	Deletes      []string // instance, when it was launched and when it was deleted
	Exists       []string // message ids
	Images       []string // ids
	ImageDeletes []string // ids
	ImageExists  int
}

// What an event does to the time of a launch.
const (
	keeps = iota
	ifNone
	ifLater
)

var launching = map[string]int{
	"create.start": keeps, "rebuild.start": ifNone, "resize.prep.start": ifNone, "resize.revert.start": ifNone, "rescue.start": ifNone,
	"create.end": ifLater, "rebuild.end": ifLater, "finish_resize.start": keeps, "finish_resize.end": ifLater, "resize.revert.end": ifLater,
	"rescue.end": ifLater,
}

// UsageOf reads notifications in their order.
func UsageOf(all []Notice) Usage {
	var u Usage
	launched := map[string]string{}
	deletes, images := map[string]bool{}, map[string]bool{}
	for i := range all {
		n := &all[i]
		p := n.Payload
		event := strings.TrimPrefix(n.Type, "compute.instance.")
		if how, ok := launching[event]; ok && n.Exchange == "nova" {
			key := p.Instance + " | " + n.Request
			was := launched[key]
			if how == ifNone && was != "" || how == keeps || p.Launched < was { // the texts sort as the times do
				p.Launched = was
			}
			launched[key] = p.Launched
		}
		switch {
		case event == "delete.end" && p.Launched != "":
			deletes[p.Instance+" | "+p.Launched+" | "+p.Terminated] = true
		case event == "exists" && p.Launched != "":
			u.Exists = append(u.Exists, n.ID)
		case n.Type == "image.activate":
			images[p.Image] = true
		case n.Type == "image.delete" && p.Image != "":
			u.ImageDeletes = append(u.ImageDeletes, p.Image)
		case n.Type == "image.exists":
			u.ImageExists += len(p.Images)
		}
	}
	for key, at := range launched {
		u.Launches = append(u.Launches, key+" | "+at)
	}
	for _, set := range []struct {
		of   map[string]bool
		list *[]string
	}{{deletes, &u.Deletes}, {images, &u.Images}} {
		for key := range set.of {
			*set.list = append(*set.list, key)
		}
	}
	for _, list := range [][]string{u.Launches, u.Deletes, u.Exists, u.Images, u.ImageDeletes} {
		slices.Sort(list)
	}
	return u
}

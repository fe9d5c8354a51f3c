package report

// ImageEventsInput is what ImageEvents reads.
type ImageEventsInput struct {
	// Events are the glance events of the period; others do no harm. Only ID, When, Type and Instance (the image) are read.
	Events Stream[Event]
	// Exists are the image exists records that came in the period; others do no harm.
	Exists Stream[Exists]
}

// ImageEvents counts what happened to images: uploads, images that were activated, images that were deleted, exists records, and
// those of them that were verified and taken by their receiver. An image counts once for an activation and once for a deletion,
// however often its event came. Row 0 has the counts by their StackTach keys; the table below repeats them.
func ImageEvents(_ Params, w Period, in ImageEventsInput) (Report, error) {
	uploads := 0
	images := map[string]map[string]bool{"image.activate": {}, "image.delete": {}}
	err := each(in.Events, func(e Event) error {
		switch {
		case !w.holds(e.When):
		case e.Type == "image.upload":
			uploads++
		case images[e.Type] != nil && e.Instance.S != "":
			images[e.Type][e.Instance.S] = true
		}
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	records, verified := 0, 0
	err = each(in.Exists, func(e Exists) error {
		if w.holds(e.Received) {
			records++
			if e.Status == Verified && e.sent() {
				verified++
			}
		}
		return nil
	})
	if err != nil {
		return Report{}, err
	}
	rows := [][]any{{"image.upload", uploads}, {"image.activate", len(images["image.activate"])}, {"image.delete", len(images["image.delete"])},
		{"image.exists", records}, {"image.exists.verified", verified}}
	head := metadata{}
	all := []any{head, []any{"Event", "Count"}}
	for _, row := range rows {
		head[row[0].(string)] = row[1]
		all = append(all, row)
	}
	return newReport(KindImageEvents, kinds[KindImageEvents].name, w, all), nil
}

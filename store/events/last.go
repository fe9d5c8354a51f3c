package events

// LastID is the last id that was given to an event of a service, 0 if there was none. It stays when events are taken away.
func (t *Tx) LastID(s Service) (int64, error) {
	shelf, err := t.book.shelf(s)
	if err != nil {
		return 0, err
	}
	return shelf.last, nil
}

// NextID is the least id from one on that an event of a service may have: those before it were taken away or never given.
func (t *Tx) NextID(s Service, from int64) (int64, error) {
	shelf, err := t.book.shelf(s)
	if err != nil {
		return 0, err
	}
	for _, p := range shelf.catalog.parts {
		if !p.Closed || from < p.end() {
			return max(from, p.First), nil
		}
	}
	return max(from, shelf.last+1), nil
}

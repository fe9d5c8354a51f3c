package events

import (
	"runtime"
	"sync"
)

// block is a run of bodies that are packed together.
type block struct {
	first  int64 // the id of the first one's event
	bodies [][]byte
	packed []byte
}

// packing packs the blocks of one transaction while that goes on: it gathers events, and writes what it has of them. Who started it waits
// for it.
type packing struct {
	press *press
	busy  sync.WaitGroup

	mu      sync.Mutex
	queue   []*block
	packers int
}

func newPacking(p *press) *packing { return &packing{press: p} }

// start has a block packed, and does not wait for that.
func (p *packing) start(b *block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, b)
	if p.packers < runtime.GOMAXPROCS(0) {
		p.packers++
		p.busy.Go(p.work)
	}
}

// help packs with the packers until nothing is left.
func (p *packing) help() {
	p.mu.Lock()
	p.packers++
	p.mu.Unlock()
	p.work()
}

func (p *packing) work() {
	for b := p.next(); b != nil; b = p.next() {
		b.packed = p.press.pack(b.bodies)
	}
}

// next is the block that is to be packed next; nil sends the packer home.
func (p *packing) next() *block {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		p.packers--
		return nil
	}
	b := p.queue[0]
	p.queue = p.queue[1:]
	return b
}

// blockList gathers the bodies of events that follow one another. No block spans two parts.
type blockList struct {
	done  []*block
	run   block // being filled
	size  int   // of its bodies
	limit int64 // the first id of the next part
	step  int   // events that it takes
}

// add takes the body of an event. A run that is full with it goes to be packed.
func (l *blockList) add(id int64, body []byte, p *packing) {
	if id == l.limit {
		l.cut(p)
		l.limit += int64(l.step)
	}
	if l.size+len(body) > blockBytes {
		l.cut(p)
	}
	if len(l.run.bodies) == 0 {
		l.run.first = id
	}
	l.run.bodies, l.size = append(l.run.bodies, body), l.size+len(body)
	if len(l.run.bodies) == blockEvents {
		l.cut(p)
	}
}

func (l *blockList) cut(p *packing) {
	if len(l.run.bodies) == 0 {
		return
	}
	b := l.run
	l.done, l.run, l.size = append(l.done, &b), block{}, 0
	p.start(&b)
}

// finish helps with what is left, and waits until all is packed.
func (l *blockList) finish(p *packing) {
	if len(l.run.bodies) > 0 {
		b := l.run
		b.packed = p.press.pack(b.bodies)
		l.done, l.run, l.size = append(l.done, &b), block{}, 0
	}
	p.help()
	p.busy.Wait()
}

// cutBefore takes the blocks whose events come before an id.
func (l *blockList) cutBefore(id int64) []*block {
	n := 0
	for n < len(l.done) && l.done[n].first < id {
		n++
	}
	taken := l.done[:n]
	l.done = l.done[n:]
	return taken
}

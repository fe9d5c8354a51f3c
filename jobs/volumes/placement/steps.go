package placement

import "math/bits"

// maxBricksEver bounds one volume whatever its limits say, and the search with it.
const maxBricksEver = 4096

// step is one way to cut a volume: so many sets of data bricks of this size.
type step struct {
	sets     int
	brickKiB uint64
}

func (w Want) cut(sets int) step {
	return step{sets: sets, brickKiB: w.SizeKiB / uint64(sets) / uint64(w.DataBricks())}
}

func (w Want) allowed(sets int) bool {
	return sets*w.SetSize()+w.ExistingBricks <= min(w.Limits.MaxBricks, maxBricksEver)
}

// doublings are the cuts into 1, 2, 4 .. sets within the limits, and the limit
// that ends them.
func (w Want) doublings() ([]step, error) {
	var out []step
	for sets := 1; ; sets *= 2 {
		s := w.cut(sets)
		switch {
		case s.brickKiB < w.Limits.BrickMinKiB:
			return out, ErrMinimumBrickSize
		case sets > maxBricksEver:
			return out, ErrMaxBricks
		case s.brickKiB > w.Limits.BrickMaxKiB:
		case !w.allowed(sets):
			return out, ErrMaxBricks
		default:
			out = append(out, s)
		}
	}
}

// between are the cuts that doubling leaves out. Disks of uneven room can often
// take nine bricks a third, but neither eight larger nor sixteen smaller ones.
func (w Want) between() []step {
	var out []step
	for sets := 3; w.allowed(sets); sets++ {
		s := w.cut(sets)
		if s.brickKiB < w.Limits.BrickMinKiB {
			break
		}
		if bits.OnesCount(uint(sets)) > 1 && s.brickKiB <= w.Limits.BrickMaxKiB {
			out = append(out, s)
		}
	}
	return out
}

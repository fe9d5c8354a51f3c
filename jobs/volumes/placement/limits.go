package placement

const (
	kib uint64 = 1
	mib        = 1024 * kib
	gib        = 1024 * mib
	tib        = 1024 * gib
)

// Limits bound what a volume's bricks may be.
type Limits struct {
	BrickMinKiB, BrickMaxKiB uint64
	MaxBricks                int    // of one volume, with those it has
	AverageFileKiB           uint64 // sizes arbiter bricks
}

// DefaultLimits are bricks of 1 GiB to 4 TiB, 32 a volume, files of 64 KiB.
func DefaultLimits() Limits {
	return Limits{BrickMinKiB: gib, BrickMaxKiB: 4 * tib, MaxBricks: 32, AverageFileKiB: 64}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	if l.BrickMinKiB == 0 {
		l.BrickMinKiB = d.BrickMinKiB
	}
	if l.BrickMaxKiB == 0 {
		l.BrickMaxKiB = d.BrickMaxKiB
	}
	if l.MaxBricks == 0 {
		l.MaxBricks = d.MaxBricks
	}
	if l.AverageFileKiB == 0 {
		l.AverageFileKiB = d.AverageFileKiB
	}
	return l
}

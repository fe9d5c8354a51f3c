package placement

const (
	defaultExtentKiB = 4 * mib
	metaShare        = 0.005
	metaMaxKiB       = 16 * gib
	arbiterMinKiB    = 16 * mib
)

// unplaceable is the pool size of a brick too large to be counted: it fits on
// no device, and twice of it does not overflow.
const unplaceable = uint64(1) << 62

// Size is what one brick takes from its device: the thin pool, the pool's
// metadata, both in whole extents, and their sum. A factor below 1 counts as 1.
func Size(brickKiB uint64, factor float64, extentKiB uint64) (poolKiB, metaKiB, totalKiB uint64) {
	if !(factor >= 1) {
		factor = 1
	}
	if extentKiB == 0 {
		extentKiB = defaultExtentKiB
	}
	pool := float64(brickKiB) * factor
	if !(pool < float64(unplaceable)) || extentKiB >= unplaceable {
		return unplaceable, 0, unplaceable
	}
	poolKiB = wholeExtents(uint64(pool), extentKiB)
	metaKiB = wholeExtents(metadata(poolKiB), extentKiB)
	return poolKiB, metaKiB, poolKiB + metaKiB
}

func metadata(poolKiB uint64) uint64 {
	return min(uint64(float64(poolKiB)*metaShare), metaMaxKiB)
}

func wholeExtents(n, extent uint64) uint64 {
	if rest := n % extent; rest != 0 {
		return n + extent - rest
	}
	return n
}

// arbiterSize is the brick that keeps the names of as many average files as a
// data brick holds.
func arbiterSize(dataKiB, averageKiB uint64) (uint64, error) {
	if averageKiB > dataKiB {
		return 0, &AverageFileError{FileKiB: averageKiB, BrickKiB: dataKiB}
	}
	return max(dataKiB/averageKiB, arbiterMinKiB), nil
}

package rabbit

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// freePort lies below the range of outgoing connections, so that nobody is given it meanwhile.
func freePort() (int, error) {
	for range 100 {
		port := 18000 + rand.IntN(14000)
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no free port")
}

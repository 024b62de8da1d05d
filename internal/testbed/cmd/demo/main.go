// Command demo shows the provider at work on throwaway parts: two Ceph clusters, a hypervisor and a running guest, and
// one apply of examples/multiple-clusters that gives the guest a disk from each cluster. All of it stays up until down.
//
//	make demo          (demo up)
//	make demo-down     (demo down)
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// limit is the time limit of the whole demo, after which it reports where it hangs.
const limit = 10 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	commands := map[string]func(context.Context) error{"up": up, "show": show, "down": down}
	var command func(context.Context) error
	if len(os.Args) == 2 {
		command = commands[os.Args[1]]
	}
	if command == nil {
		fmt.Fprintln(os.Stderr, "usage: demo up|show|down   (from the top of the repository)")
		os.Exit(2)
	}
	if err := command(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

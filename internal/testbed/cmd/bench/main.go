// Command bench shows what the provider costs beside doing the same by hand, and beside Terraform itself. It prints ratios
// of one run on one machine, which say more than seconds do.
//
//	make bench
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"
)

const (
	runs  = 3   // of which the median counts
	many  = 200 // objects of a refresh
	few   = 2
	pools = 10
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	fmt.Printf("Measuring, median of %d, on a cluster with Ceph's default intervals: about two minutes.\n\n", runs)
	b, err := newBench(ctx)
	if err != nil {
		return err
	}
	err = measure(ctx, b)
	if stopErr := b.bed.Stop(); err == nil {
		err = stopErr
	}
	return err
}

func measure(ctx context.Context, b *bench) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	row := func(what string, took time.Duration, ratio float64, of string) {
		fmt.Fprintf(table, "%s\t%.4f s\t%.2f x\t %s\n", what, took.Seconds(), ratio, of)
	}

	byHand, err := median(func() (time.Duration, error) {
		started := time.Now()
		if err := makePoolByHand(ctx, b.cluster); err != nil {
			return 0, err
		}
		return time.Since(started), removePoolMadeByHand(ctx, b.cluster)
	})
	if err != nil {
		return err
	}
	made, err := b.workspace(ctx, "provider.tf", "pools.tf")
	if err != nil {
		return err
	}
	one, err := made.creation(ctx, 1)
	if err != nil {
		return err
	}
	ten, err := made.creation(ctx, pools)
	if err != nil {
		return err
	}
	row("a pool and its settings, one command after the other", byHand, 1, "")
	row("the same pool, terraform apply", one, ratio(one, byHand), "by hand")
	row(fmt.Sprintf("%d such pools, terraform apply", pools), ten, ratio(ten, one), "one pool")

	var own time.Duration
	var last *workspace
	for _, kind := range []struct{ name, file string }{
		{"terraform_data", "data.tf"}, {"ceph_user", "users.tf"}, {"ceph_rbd_image", "images.tf"},
	} {
		if last, err = b.workspace(ctx, "provider.tf", kind.file); err != nil {
			return err
		}
		cost, err := last.costOfOne(ctx)
		if err != nil {
			return err
		}
		if own == 0 {
			own = cost
		}
		row(fmt.Sprintf("refresh and plan of one %s among %d", kind.name, many), cost, ratio(cost, own), "terraform_data")
	}
	sessions, err := last.sessions(ctx)
	if err != nil {
		return err
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Printf("\nConnections of the provider to the cluster while it refreshed %d images: %d\n", many, sessions)
	return nil
}

// creation is how long an apply of n new objects takes.
func (w *workspace) creation(ctx context.Context, n int) (time.Duration, error) {
	return median(func() (time.Duration, error) {
		took, err := w.run(ctx, n, "apply", "-auto-approve")
		if err != nil {
			return 0, err
		}
		_, err = w.run(ctx, n, "destroy", "-auto-approve")
		return took, err
	})
}

// costOfOne is what one more object adds to a plan, without what a plan costs anyway.
func (w *workspace) costOfOne(ctx context.Context) (time.Duration, error) {
	var took [2]time.Duration
	for i, n := range []int{few, many} {
		if _, err := w.run(ctx, n, "apply", "-auto-approve"); err != nil {
			return 0, err
		}
		var err error
		if took[i], err = median(func() (time.Duration, error) { return w.run(ctx, n, "plan") }); err != nil {
			return 0, err
		}
	}
	return (took[1] - took[0]) / (many - few), nil
}

func median(measure func() (time.Duration, error)) (time.Duration, error) {
	var all []time.Duration
	for range runs {
		took, err := measure()
		if err != nil {
			return 0, err
		}
		all = append(all, took)
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}

func ratio(a, b time.Duration) float64 { return a.Seconds() / b.Seconds() }

// Command bench shows what the provider costs beside floors that are measured in the same run: Terraform with a provider that does
// nothing, the same done by hand, Ceph itself, and a former release. It prints ratios, which say more than seconds do.
//
//	make bench
//	make bench BASE=/path/to/a/former/binary
//	make bench-full
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// settings are what the command line says.
type settings struct {
	rows                                             []string
	n                                                int // 0: each row's own
	full                                             bool
	ours, floor, base, launcher, library, to, curves string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, parse()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func parse() settings {
	var s settings
	tools := filepath.Dir(os.Args[0])
	only := flag.String("rows", "", "comma-separated rows to measure: "+strings.Join(names(), ", ")+" (default all)")
	flag.IntVar(&s.n, "n", 0, "how many objects instead of those that belong to a row")
	flag.BoolVar(&s.full, "full", false, "all objects, and go on where a run was interrupted")
	flag.StringVar(&s.ours, "provider", "build/terraform-provider-ceph", "the provider")
	flag.StringVar(&s.base, "base", os.Getenv("BASE"), "a former provider to compare with")
	flag.StringVar(&s.floor, "floor", filepath.Join(tools, "floor"), "the provider that does nothing")
	flag.StringVar(&s.launcher, "launcher", filepath.Join(tools, "launcher"), "what starts the provider and measures it")
	flag.StringVar(&s.library, "library", filepath.Join(tools, "loop"), "what uses the client library alone")
	flag.StringVar(&s.to, "keep", "build/bench", "folder for the results, a file a row")
	flag.StringVar(&s.curves, "curves", "", "an SVG to write, of the curves of growth among the rows")
	flag.Parse()
	s.rows = names()
	if *only != "" {
		s.rows = strings.Split(*only, ",")
	}
	return s
}

func run(ctx context.Context, s settings) error {
	for _, path := range []*string{&s.ours, &s.floor, &s.launcher, &s.library, &s.base} {
		if *path == "" {
			continue
		}
		var err error
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
		if _, err := os.Stat(*path); err != nil {
			return fmt.Errorf("a binary of the benchmark is missing (make bench builds all but BASE): %w", err)
		}
	}
	for _, name := range s.rows {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("there is no row %q; the rows are %s", name, strings.Join(names(), ", "))
		}
	}
	fmt.Printf("Medians of %d. Ceph has its default intervals. Bars are upper limits.\n\n", rounds)
	fmt.Println(heading)
	var failed []error
	var measured []kept
	for _, r := range rows {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !slices.Contains(s.rows, r.name) {
			continue
		}
		k, err := r.report(ctx, s)
		if err != nil {
			fmt.Printf("%s: not measured\n", r.name)
			failed = append(failed, fmt.Errorf("%s: %w", r.name, err))
			continue
		}
		measured = append(measured, k)
	}
	if s.curves != "" {
		failed = append(failed, os.WriteFile(s.curves, []byte(curves(measured)), 0o600))
	}
	return errors.Join(failed...)
}

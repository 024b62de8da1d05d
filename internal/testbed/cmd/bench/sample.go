package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// sample is what one run of Terraform has used.
type sample struct {
	CPU    float64 // seconds, of all processes of the provider
	Wall   float64 // seconds, of Terraform as a whole
	Memory float64 // MB, the peak of the provider's largest process
}

// parseUsage reads what the launcher has written.
func parseUsage(text string, wall time.Duration) (sample, error) {
	s := sample{Wall: wall.Seconds()}
	for line := range strings.Lines(text) {
		var nanoseconds, bytes int64
		if _, err := fmt.Sscan(line, &nanoseconds, &bytes); err != nil {
			return s, fmt.Errorf("the launcher's line %q is not understood: %w", line, err)
		}
		s.CPU += time.Duration(nanoseconds).Seconds()
		s.Memory = max(s.Memory, float64(bytes)/1e6)
	}
	if s.CPU == 0 {
		return s, errors.New("the launcher has measured no process of the provider")
	}
	return s, nil
}

// medians takes the median of each quantity by itself.
func medians(samples []sample) sample {
	return sample{
		CPU:    median(samples, func(s sample) float64 { return s.CPU }),
		Wall:   median(samples, func(s sample) float64 { return s.Wall }),
		Memory: median(samples, func(s sample) float64 { return s.Memory }),
	}
}

func median[T any, V cmp.Ordered](all []T, value func(T) V) V {
	values := make([]V, 0, len(all))
	for _, one := range all {
		values = append(values, value(one))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func readUsage(path string, wall time.Duration) (sample, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return sample{}, err
	}
	return parseUsage(string(content), wall)
}

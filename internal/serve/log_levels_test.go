package serve

import (
	"maps"
	"testing"
)

// What of plugin-go, the framework and the provider writes at which level, by what the user has set.
func TestSetLogLevels(t *testing.T) {
	all := func(level string) map[string]string {
		return map[string]string{
			"TF_LOG_SDK": level, "TF_LOG_SDK_PROTO": level, "TF_LOG_SDK_FRAMEWORK": level, "TF_LOG_PROVIDER_CEPH": level,
		}
	}
	for name, test := range map[string]struct {
		environment, want map[string]string
	}{
		"nothing":                    {nil, all("off")},
		"Terraform's level":          {map[string]string{"TF_LOG": "DEBUG"}, all("DEBUG")},
		"as JSON":                    {map[string]string{"TF_LOG": "json"}, all("trace")},
		"providers as JSON":          {map[string]string{"TF_LOG_PROVIDER": "JSON", "TF_LOG": "info"}, all("trace")},
		"the providers' goes first":  {map[string]string{"TF_LOG_PROVIDER": "WARN", "TF_LOG": "TRACE"}, all("WARN")},
		"core alone":                 {map[string]string{"TF_LOG_CORE": "TRACE"}, all("off")},
		"off":                        {map[string]string{"TF_LOG": "off"}, all("off")},
		"one of the four stays":      {map[string]string{"TF_LOG": "DEBUG", "TF_LOG_SDK": "trace"}, with(all("DEBUG"), "TF_LOG_SDK", "trace")},
		"one of the four, alone":     {map[string]string{"TF_LOG_PROVIDER_CEPH": "debug"}, with(all("off"), "TF_LOG_PROVIDER_CEPH", "debug")},
		"one of the four is off":     {map[string]string{"TF_LOG": "TRACE", "TF_LOG_SDK": "off"}, with(all("TRACE"), "TF_LOG_SDK", "off")},
		"an empty one counts as not": {map[string]string{"TF_LOG_PROVIDER": "", "TF_LOG": "ERROR"}, all("ERROR")},
	} {
		t.Run(name, func(t *testing.T) {
			environment := maps.Clone(test.environment)
			if environment == nil {
				environment = map[string]string{}
			}
			setLogLevels(func(name string) string { return environment[name] }, func(name, level string) { environment[name] = level })
			for name, level := range test.want {
				if environment[name] != level {
					t.Errorf("%s is %q, want %q", name, environment[name], level)
				}
			}
		})
	}
}

func with(levels map[string]string, name, level string) map[string]string {
	levels[name] = level
	return levels
}

package kubernetes

import (
	"fmt"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"k8s.io/apimachinery/pkg/runtime"
)

// Render is helm template release chart, with the charts that it depends on taken
// from the folder beside it.
func Render(release, dir string, dependencies []string, values map[string]any) ([]runtime.Object, error) {
	c, err := loader.Load(dir)
	if err != nil {
		return nil, fmt.Errorf("load chart: %w", err)
	}
	for _, d := range dependencies {
		dependency, err := loader.Load(d)
		if err != nil {
			return nil, fmt.Errorf("load chart: %w", err)
		}
		if err := dependency.Validate(); err != nil {
			return nil, fmt.Errorf("chart %s: %w", d, err)
		}
		c.AddDependency(dependency)
	}
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("chart %s: %w", dir, err)
	}
	if err := chartutil.ProcessDependencies(c, values); err != nil {
		return nil, fmt.Errorf("chart %s: %w", dir, err)
	}
	all, err := chartutil.ToRenderValues(c, values, chartutil.ReleaseOptions{Name: release, Namespace: "default", IsInstall: true}, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", dir, err)
	}
	files, err := engine.Engine{Strict: true}.Render(c, all)
	if err != nil {
		return nil, fmt.Errorf("render %s: %w", dir, err)
	}
	var objects []runtime.Object
	names := []string{}
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if strings.TrimSpace(files[name]) == "" {
			continue
		}
		decoded, err := Decode([]byte(files[name]))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		objects = append(objects, decoded...)
	}
	return objects, nil
}

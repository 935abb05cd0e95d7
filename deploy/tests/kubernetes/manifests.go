// Package kubernetes builds and reads the manifests of deploy/kubernetes and the
// charts of deploy/helm as kubectl, the API server and Helm would, without a
// cluster.
//
// It knows their tools and the API's types. What a good manifest looks like is
// for the tests to say.
package kubernetes

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// kinds are those that the manifests use; another one is an error.
var kinds = map[string]func() runtime.Object{
	"v1/Namespace":        func() runtime.Object { return new(corev1.Namespace) },
	"v1/ConfigMap":        func() runtime.Object { return new(corev1.ConfigMap) },
	"v1/Service":          func() runtime.Object { return new(corev1.Service) },
	"apps/v1/Deployment":  func() runtime.Object { return new(appsv1.Deployment) },
	"apps/v1/StatefulSet": func() runtime.Object { return new(appsv1.StatefulSet) },
	"apps/v1/DaemonSet":   func() runtime.Object { return new(appsv1.DaemonSet) },
	"batch/v1/Job":        func() runtime.Object { return new(batchv1.Job) },
}

// Build is kubectl kustomize dir.
func Build(dir string) ([]runtime.Object, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, fmt.Errorf("kustomize %s: %w", dir, err)
	}
	text, err := resources.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("kustomize %s: %w", dir, err)
	}
	return Decode(text)
}

// Decode reads the documents of a manifest strictly: a field that its kind
// doesn't have, or that stands twice, is an error.
func Decode(manifest []byte) ([]runtime.Object, error) {
	var objects []runtime.Object
	for documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(manifest))); ; {
		document, err := documents.Read()
		switch {
		case errors.Is(err, io.EOF):
			return objects, nil
		case err != nil:
			return nil, fmt.Errorf("decode manifest: %w", err)
		case len(bytes.TrimSpace(document)) == 0:
			continue
		}
		var head struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
		}
		if err := yaml.Unmarshal(document, &head); err != nil {
			return nil, fmt.Errorf("decode manifest: %w", err)
		}
		if head.Kind == "" && onlyComments(document) {
			continue
		}
		newObject := kinds[head.APIVersion+"/"+head.Kind]
		if newObject == nil {
			return nil, fmt.Errorf("decode manifest: kind %s/%s is not known", head.APIVersion, head.Kind)
		}
		object := newObject()
		if err := yaml.UnmarshalStrict(document, object); err != nil {
			return nil, fmt.Errorf("decode %s: %w", head.Kind, err)
		}
		objects = append(objects, object)
	}
}

func onlyComments(document []byte) bool {
	for line := range strings.Lines(string(document)) {
		if line = strings.TrimSpace(line); line != "" && line != "---" && !strings.HasPrefix(line, "#") {
			return false
		}
	}
	return true
}

// A Workload is what makes pods.
type Workload struct {
	Kind, Name, Namespace string
	Labels                map[string]string // its own
	Template              *corev1.PodTemplateSpec
}

// Workloads are those among objects.
func Workloads(objects []runtime.Object) []Workload {
	var all []Workload
	for _, o := range objects {
		switch o := o.(type) {
		case *appsv1.Deployment:
			all = append(all, Workload{o.Kind, o.Name, o.Namespace, o.Labels, &o.Spec.Template})
		case *appsv1.StatefulSet:
			all = append(all, Workload{o.Kind, o.Name, o.Namespace, o.Labels, &o.Spec.Template})
		case *appsv1.DaemonSet:
			all = append(all, Workload{o.Kind, o.Name, o.Namespace, o.Labels, &o.Spec.Template})
		case *batchv1.Job:
			all = append(all, Workload{o.Kind, o.Name, o.Namespace, o.Labels, &o.Spec.Template})
		}
	}
	return all
}

// Containers are all of a pod, those that run before the others first.
func (w Workload) Containers() []corev1.Container {
	spec := w.Template.Spec
	return append(append([]corev1.Container{}, spec.InitContainers...), spec.Containers...)
}

// Container is the one of that name, or nil.
func (w Workload) Container(name string) *corev1.Container {
	for _, c := range w.Containers() {
		if c.Name == name {
			return &c
		}
	}
	return nil
}

// Each returns the objects of one type.
func Each[T runtime.Object](objects []runtime.Object) []T {
	var all []T
	for _, o := range objects {
		if t, ok := o.(T); ok {
			all = append(all, t)
		}
	}
	return all
}

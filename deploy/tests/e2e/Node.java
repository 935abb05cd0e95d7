import org.codelibs.opensearch.runner.OpenSearchRunner;

/** One OpenSearch node that ingests too, which the runner's own main leaves out. Run as a source file: no build. */
public class Node {
    public static void main(String[] args) throws Exception {
        OpenSearchRunner runner = new OpenSearchRunner();
        runner.onBuild((number, settings) -> settings
                .put("http.port", args[1])
                .put("transport.port", "0")
                .put("discovery.type", "single-node")
                .putList("node.roles", "cluster_manager", "data", "ingest"));
        runner.build(new String[] {"-basePath", args[0], "-numOfNode", "1", "-clusterName", "logcar"});
        Thread.currentThread().join();
    }
}

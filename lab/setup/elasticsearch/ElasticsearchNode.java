import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.codelibs.elasticsearch.runner.node.ClusterRunnerNode;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.transport.Netty4Plugin;

/**
 * One node of Elasticsearch in one process, without the security that its free libraries do not have:
 *
 *   java -cp … ElasticsearchNode <home> setting=value …
 */
public final class ElasticsearchNode {
  public static void main(String[] args) throws Exception {
    Settings.Builder settings = Settings.builder().put("path.home", args[0]);
    for (int at = 1; at < args.length; at += 1) {
      String[] pair = args[at].split("=", 2);
      settings.put(pair[0], pair[1]);
    }
    settings.put("transport.type", "netty4").put("http.type", "netty4");
    Environment environment =
        InternalSettingsPreparer.prepareEnvironment(
            settings.build(), Map.of(), Path.of(args[0], "config"), () -> "node");
    new ClusterRunnerNode(environment, List.of(Netty4Plugin.class)).start();
    // The server's own threads would let the process end.
    Thread.currentThread().join();
  }
}

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.cjk.CJKAnalyzer;
import org.apache.lucene.analysis.cjk.CJKBigramFilter;
import org.apache.lucene.analysis.cjk.CJKWidthFilter;
import org.apache.lucene.analysis.cn.smart.SmartChineseAnalyzer;
import org.apache.lucene.analysis.core.KeywordTokenizer;
import org.apache.lucene.analysis.core.WhitespaceTokenizer;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.ngram.EdgeNGramTokenFilter;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.elasticsearch.index.analysis.AnalyzerProvider;
import org.elasticsearch.index.analysis.AnalyzerScope;
import org.elasticsearch.index.analysis.PreBuiltAnalyzerProvider;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;

/**
 * What the server of the tests lacks beside a production one: the analyzers `english`, `cjk` and
 * `smartcn`, and the filters that its own index of users and API keys needs.
 */
public class TestAnalysisPlugin extends Plugin implements AnalysisPlugin {
    @Override
    public Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> getAnalyzers() {
        Map<String, AnalysisProvider<AnalyzerProvider<? extends Analyzer>>> all = new HashMap<>();
        all.put("english", analyzer(EnglishAnalyzer::new));
        all.put("cjk", analyzer(CJKAnalyzer::new));
        all.put("smartcn", analyzer(SmartChineseAnalyzer::new));
        return all;
    }

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        Map<String, AnalysisProvider<TokenFilterFactory>> all = new HashMap<>();
        all.put("unique", filter(RemoveDuplicatesTokenFilter::new));
        all.put("asciifolding", filter(ASCIIFoldingFilter::new));
        all.put("cjk_bigram", filter(CJKBigramFilter::new));
        all.put("cjk_width", filter(CJKWidthFilter::new));
        all.put("edge_ngram", (index, environment, name, settings) -> {
            int least = settings.getAsInt("min_gram", 1);
            int most = settings.getAsInt("max_gram", 2);
            return named(name, stream -> new EdgeNGramTokenFilter(stream, least, most, false));
        });
        all.put("pattern_capture", AnalysisPlugin.requiresAnalysisSettings((index, environment, name, settings) -> {
            boolean keepsOriginal = settings.getAsBoolean("preserve_original", true);
            List<String> texts = settings.getAsList("patterns");
            Pattern[] patterns = texts.stream().map(Pattern::compile).toArray(Pattern[]::new);
            return named(name, stream -> new PatternCaptureGroupTokenFilter(stream, keepsOriginal, patterns));
        }));
        return all;
    }

    @Override
    public Map<String, AnalysisProvider<TokenizerFactory>> getTokenizers() {
        Map<String, AnalysisProvider<TokenizerFactory>> all = new HashMap<>();
        all.put("uax_url_email", (i, e, name, s) -> TokenizerFactory.newFactory(name, UAX29URLEmailTokenizer::new));
        all.put("whitespace", (i, e, name, s) -> TokenizerFactory.newFactory(name, WhitespaceTokenizer::new));
        all.put("keyword", (i, e, name, s) -> TokenizerFactory.newFactory(name, KeywordTokenizer::new));
        return all;
    }

    private static AnalysisProvider<AnalyzerProvider<? extends Analyzer>> analyzer(Supplier<Analyzer> make) {
        return (index, environment, name, settings) ->
            new PreBuiltAnalyzerProvider(name, AnalyzerScope.INDEX, make.get());
    }

    private static AnalysisProvider<TokenFilterFactory> filter(UnaryOperator<TokenStream> make) {
        return (index, environment, name, settings) -> named(name, make);
    }

    private static TokenFilterFactory named(String name, UnaryOperator<TokenStream> make) {
        return new TokenFilterFactory() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public TokenStream create(TokenStream stream) {
                return make.apply(stream);
            }
        };
    }
}
